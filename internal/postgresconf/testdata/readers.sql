BEGIN;
SELECT 'CREATE ROLE monitor_server NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitor_server') \gexec
ALTER ROLE monitor_server WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 3 PASSWORD 'SCRAM-SHA-256$4096:a$b:c';
ALTER ROLE monitor_server SET statement_timeout = '5s';
ALTER ROLE monitor_server SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE prefect TO monitor_server;
GRANT pg_monitor TO monitor_server;
GRANT pg_use_reserved_connections TO monitor_server;
SELECT 'CREATE ROLE monitor_prefect NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitor_prefect') \gexec
ALTER ROLE monitor_prefect WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 3 PASSWORD 'SCRAM-SHA-256$4096:d$e:f';
ALTER ROLE monitor_prefect SET statement_timeout = '5s';
ALTER ROLE monitor_prefect SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE prefect TO monitor_prefect;
COMMIT;
SELECT 'ALTER ROLE monitor_server NOLOGIN' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitor_server') \gexec
