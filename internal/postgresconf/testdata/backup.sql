BEGIN;
SELECT 'CREATE ROLE prefect_backup NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'prefect_backup') \gexec
ALTER ROLE prefect_backup WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE REPLICATION CONNECTION LIMIT 4 PASSWORD 'SCRAM-SHA-256$4096:a$b:c';
GRANT CONNECT ON DATABASE prefect TO prefect_backup;
GRANT pg_read_all_data TO prefect_backup;
COMMIT;
SELECT 'ALTER ROLE prefect_backup NOLOGIN NOREPLICATION' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'prefect_backup') \gexec
SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = 'backup' AND active;
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'backup' AND NOT active;
