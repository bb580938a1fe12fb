-- name: settings
-- Sets a session up: our schema, a durable commit, and a server that notices a dead client.
SET search_path TO allod;
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET plan_cache_mode = force_custom_plan

-- name: read_only
-- Makes a session one that cannot write.
SET default_transaction_read_only = on

-- name: server
-- Tells whether the server can hold a log: standby?, fsync, version.
SELECT pg_is_in_recovery(), current_setting('fsync'), current_setting('server_version_num')::int

-- name: ping
-- Fails if the session is gone.
SELECT 1

-- name: lock
-- Takes the writer's lock of this database if it is free; the session's end gives it back.
-- 1634495599 is 'allo' in ASCII.
SELECT pg_try_advisory_lock(1634495599, 1)

-- name: lock_holder
-- Names the session that holds the writer's lock.
SELECT activity.application_name, activity.pid, host(activity.client_addr)
FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
WHERE locktype = 'advisory' AND classid = 1634495599 AND objid = 1 AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())

-- name: make_schema
-- Makes our own schema, so that tables of others in the same database are left alone.
CREATE SCHEMA IF NOT EXISTS allod

-- name: has_meta
-- Tells whether any migration was applied.
SELECT to_regclass('allod.meta') IS NOT NULL

-- name: schema_version
-- The last migration that was applied.
SELECT schema_version FROM meta

-- name: set_schema_version
-- Notes that a migration was applied.
UPDATE meta SET schema_version = %(version)s

-- name: node_id
-- The name that this database got when it was made.
SELECT node_id FROM meta
