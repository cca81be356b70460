-- Dumps the database into $DUMP, and prints what the dump has of each table: both see the same moment.
SET idle_in_transaction_session_timeout = 0;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump --snapshot="$SNAPSHOT" --format=custom --compress=none --file="$DUMP/$PGDATABASE.dump" && : >"$DUMP/whole"
\i /etc/platform/tables.sql
COMMIT;
