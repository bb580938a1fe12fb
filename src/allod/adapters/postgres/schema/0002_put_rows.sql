-- Writes what goes with a batch: workloads as they stand now, marks of which workload a leaf is
-- about, acts and answers. A row replaces the one with its key; an act or an answer that is known
-- stays as it is. One call, so that a batch is one statement and one exchange with the server.
CREATE FUNCTION put_rows(
    w_id text[], w_ordinal bigint[], w_project text[], w_class text[], w_site text[],
    w_pool text[], w_state text[], w_accelerators bigint[], w_submitted_at_s bigint[],
    w_started_at_s bigint[], w_ended_at_s bigint[], w_run int[], w_exit_status int[],
    w_spec text[], w_reasons text[], w_last_seq bigint[],
    m_workload_id text[], m_seq bigint[],
    c_id text[], c_workload_id text[], c_run int[], c_verb text[], c_body bytea[],
    c_not_before_s bigint[], c_state text[], c_attempts int[], c_detail text[],
    a_key text[], a_digest bytea[], a_status int[], a_body bytea[], a_at_s bigint[]
)
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF cardinality(w_id) > 0 THEN
        INSERT INTO workload (
            workload_id, ordinal, project, class, site, pool, state, accelerators,
            submitted_at_s, started_at_s, ended_at_s, run, exit_status, spec, reasons, last_seq
        )
        SELECT * FROM unnest(
            w_id, w_ordinal, w_project, w_class, w_site, w_pool, w_state, w_accelerators,
            w_submitted_at_s, w_started_at_s, w_ended_at_s, w_run, w_exit_status, w_spec,
            w_reasons, w_last_seq
        )
        ON CONFLICT (workload_id) DO UPDATE SET
            ordinal = excluded.ordinal, project = excluded.project, class = excluded.class,
            site = excluded.site, pool = excluded.pool, state = excluded.state,
            accelerators = excluded.accelerators, submitted_at_s = excluded.submitted_at_s,
            started_at_s = excluded.started_at_s, ended_at_s = excluded.ended_at_s,
            run = excluded.run, exit_status = excluded.exit_status, spec = excluded.spec,
            reasons = excluded.reasons, last_seq = excluded.last_seq;
    END IF;
    IF cardinality(m_seq) > 0 THEN
        INSERT INTO workload_leaf (workload_id, seq)
        SELECT * FROM unnest(m_workload_id, m_seq)
        ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(c_id) > 0 THEN
        INSERT INTO act (
            act_id, workload_id, run, verb, body, not_before_s, state, attempts, detail
        )
        SELECT act_id, workload_id, run, verb, body, not_before_s, state, attempts, detail
        FROM unnest(
            c_id, c_workload_id, c_run, c_verb, c_body, c_not_before_s, c_state, c_attempts,
            c_detail
        ) WITH ORDINALITY AS new (
            act_id, workload_id, run, verb, body, not_before_s, state, attempts, detail, position
        )
        ORDER BY position
        ON CONFLICT (act_id) DO NOTHING;
    END IF;
    IF cardinality(a_key) > 0 THEN
        INSERT INTO answer (key, request_digest, status, body, at_s)
        SELECT * FROM unnest(a_key, a_digest, a_status, a_body, a_at_s)
        ON CONFLICT (key) DO NOTHING;
    END IF;
END $$;
