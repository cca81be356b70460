GRANT SELECT (id, name, paused) ON deployment TO prefect_monitoring;
GRANT SELECT (deployment_id, active, max_scheduled_runs, schedule) ON deployment_schedule TO prefect_monitoring;
GRANT SELECT (occurred) ON events TO prefect_monitoring;
GRANT SELECT (id, name) ON flow TO prefect_monitoring;
GRANT SELECT (id, flow_id, deployment_id, work_queue_id, state_type, state_name, state_timestamp, start_time, end_time, expected_start_time, next_scheduled_start_time, auto_scheduled) ON flow_run TO prefect_monitoring;
GRANT SELECT (flow_run_id, state_type) ON task_run TO prefect_monitoring;
GRANT SELECT (id, name, is_paused) ON work_pool TO prefect_monitoring;
GRANT SELECT (id, name, is_paused, last_polled, work_pool_id) ON work_queue TO prefect_monitoring;
GRANT SELECT (id, work_pool_id, last_heartbeat_time, heartbeat_interval_seconds) ON worker TO prefect_monitoring;
