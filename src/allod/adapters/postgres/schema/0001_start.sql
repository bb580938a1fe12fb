-- The log, the views made from it, and what goes with it.
-- Views (workload, workload_leaf, document, token) can be emptied and made again from `leaf`.

-- One row: where this database stands. `tail_seq` is the fence: an append moves it from the seq
-- that the writer believes in, and fails if it is elsewhere.
CREATE TABLE meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    schema_version integer NOT NULL,
    node_id text NOT NULL DEFAULT gen_random_uuid()::text,
    tail_seq bigint NOT NULL DEFAULT 0,
    views_seq bigint NOT NULL DEFAULT 0
);
INSERT INTO meta (schema_version) VALUES (1);

CREATE TABLE leaf (
    seq bigint PRIMARY KEY,
    at_s bigint NOT NULL,
    kind text NOT NULL,
    body bytea NOT NULL
);

CREATE TABLE workload (
    workload_id text PRIMARY KEY,
    ordinal bigint NOT NULL UNIQUE,
    project text NOT NULL,
    class text NOT NULL,
    site text NOT NULL,
    pool text NOT NULL,
    state text NOT NULL,
    accelerators bigint NOT NULL,
    submitted_at_s bigint NOT NULL,
    started_at_s bigint,
    ended_at_s bigint,
    run integer NOT NULL,
    exit_status integer,
    spec text NOT NULL,
    reasons text NOT NULL,
    last_seq bigint NOT NULL
);
CREATE INDEX workload_by_state ON workload (state, ordinal);
CREATE INDEX workload_by_project ON workload (project, ordinal);

CREATE TABLE workload_leaf (
    workload_id text NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (workload_id, seq)
);

CREATE TABLE document (
    kind text NOT NULL,
    name text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL,
    body text NOT NULL,
    current boolean NOT NULL,
    PRIMARY KEY (kind, name, revision)
);
CREATE UNIQUE INDEX document_current ON document (kind, name) WHERE current;

CREATE TABLE token (
    name text PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE,
    role text NOT NULL,
    created_at_s bigint NOT NULL,
    revoked_at_s bigint
);

CREATE TABLE act (
    act_id text PRIMARY KEY,
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    workload_id text NOT NULL,
    run integer NOT NULL,
    verb text NOT NULL CHECK (verb IN ('start', 'stop')),
    body bytea NOT NULL,
    not_before_s bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'refused', 'unknown')),
    attempts integer NOT NULL,
    detail text NOT NULL
);
CREATE INDEX act_open ON act (ordinal) WHERE state IN ('pending', 'unknown');

CREATE TABLE answer (
    key text PRIMARY KEY,
    request_digest bytea NOT NULL,
    status integer NOT NULL,
    body bytea NOT NULL,
    at_s bigint NOT NULL
);
CREATE INDEX answer_by_age ON answer (at_s);

-- In parts, for one value holds at most 1 GB. EXTERNAL: the engine's bytes are packed already.
CREATE TABLE snapshot (
    seq bigint NOT NULL,
    part integer NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (seq, part)
);
ALTER TABLE snapshot ALTER COLUMN body SET STORAGE EXTERNAL;

-- Adds leaves from seq `first` on and moves the fence from there to behind them. The views come
-- along only if they stood at `first`, so an unfinished rebuild stays unfinished.
CREATE FUNCTION append_leaves(first bigint, at_s bigint[], kind text[], body bytea[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    next bigint := first + cardinality(at_s);
BEGIN
    UPDATE meta
    SET tail_seq = next,
        views_seq = CASE WHEN views_seq = first THEN next ELSE views_seq END
    WHERE tail_seq = first;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'AL001', MESSAGE = format(
            'the log continues at seq %s, not at %s', (SELECT tail_seq FROM meta), first);
    END IF;
    INSERT INTO leaf (seq, at_s, kind, body)
    SELECT first + position - 1, new.at_s, new.kind, new.body
    FROM unnest(at_s, kind, body) WITH ORDINALITY AS new (at_s, kind, body, position);
END $$;
