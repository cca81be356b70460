-- Prints each table with the number of its rows and a checksum of them, in whatever order they are. The settings are those by which the text of a row may differ.
SET search_path = pg_catalog;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SET statement_timeout = 0;
SET max_parallel_workers_per_gather = 0;
SELECT format('SELECT %L, count(*), coalesce(sum(hashtextextended((t.*)::text, 0)), 0) FROM %I.%I AS t', nspname || '.' || relname, nspname, relname)
	FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
	WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
		AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
	ORDER BY nspname, relname \gexec
