-- What the gateway keeps: one row for each call that it answered, files, and batches of calls.

-- The id is that of the call, so a record that comes twice is there once.
CREATE TABLE usage_record (
    id text PRIMARY KEY,
    key text NOT NULL,
    project text NOT NULL,
    access_class text NOT NULL,
    service text NOT NULL,
    model text NOT NULL,
    site text NOT NULL,
    replica text NOT NULL,
    operation text NOT NULL,
    stream boolean NOT NULL,
    batch text NOT NULL,
    status integer NOT NULL,
    outcome text NOT NULL
        CHECK (outcome IN ('completed', 'left', 'failed', 'refused', 'interrupted')),
    prompt_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    answer_tokens bigint NOT NULL,
    counted_by text NOT NULL,
    received_at_ms bigint NOT NULL,
    waited_ms bigint NOT NULL,
    first_ms bigint,
    took_ms bigint NOT NULL,
    energy_mj bigint,
    co2e_ug bigint,
    energy_method text NOT NULL
);
CREATE INDEX usage_record_by_time ON usage_record (received_at_ms, id);
CREATE INDEX usage_record_by_project ON usage_record (project, received_at_ms, id);
CREATE INDEX usage_record_by_service ON usage_record (service, received_at_ms);
CREATE INDEX usage_record_by_site ON usage_record (site, received_at_ms);
CREATE INDEX usage_record_by_batch ON usage_record (batch) WHERE batch <> '';

-- The bytes lie in the data folder, under the id.
CREATE TABLE gateway_file (
    id text PRIMARY KEY,
    project text NOT NULL,
    purpose text NOT NULL,
    filename text NOT NULL,
    bytes bigint NOT NULL,
    created_at_s bigint NOT NULL,
    expires_at_s bigint,
    ordinal bigint GENERATED ALWAYS AS IDENTITY UNIQUE
);
CREATE INDEX gateway_file_by_project ON gateway_file (project, ordinal);

CREATE TABLE gateway_batch (
    id text PRIMARY KEY,
    project text NOT NULL,
    key text NOT NULL,
    endpoint text NOT NULL,
    input_file text NOT NULL,
    window_text text NOT NULL,
    metadata text NOT NULL,
    status text NOT NULL CHECK (status IN (
        'validating', 'in_progress', 'finalizing', 'cancelling',
        'completed', 'failed', 'expired', 'cancelled'
    )),
    created_at_s bigint NOT NULL,
    expires_at_s bigint NOT NULL,
    in_progress_at_s bigint,
    finalizing_at_s bigint,
    cancelling_at_s bigint,
    ended_at_s bigint,
    output_file text NOT NULL,
    error_file text NOT NULL,
    errors text NOT NULL,
    model text NOT NULL,
    total bigint NOT NULL,
    completed bigint NOT NULL,
    failed bigint NOT NULL,
    ordinal bigint GENERATED ALWAYS AS IDENTITY UNIQUE
);
CREATE INDEX gateway_batch_by_project ON gateway_batch (project, ordinal);
CREATE INDEX gateway_batch_open ON gateway_batch (ordinal)
    WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling');
