BEGIN;
SELECT 'CREATE ROLE prefect_owner NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'prefect_owner') \gexec
ALTER DATABASE prefect OWNER TO prefect_owner;
SELECT 'CREATE ROLE prefect_a NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'prefect_a') \gexec
ALTER ROLE prefect_a WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD 'SCRAM-SHA-256$4096:a$b:c';
GRANT prefect_owner TO prefect_a;
ALTER ROLE prefect_a SET role = 'prefect_owner';
SELECT 'CREATE ROLE prefect_b NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'prefect_b') \gexec
ALTER ROLE prefect_b WITH NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD 'SCRAM-SHA-256$4096:d$e:f';
GRANT prefect_owner TO prefect_b;
ALTER ROLE prefect_b SET role = 'prefect_owner';
ALTER ROLE postgres PASSWORD NULL;
REVOKE CONNECT ON DATABASE prefect FROM PUBLIC;
GRANT CONNECT ON DATABASE prefect TO prefect_owner;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
COMMIT;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'prefect_b';
