-- The energy of calls: what meters counted for each replica, window by window, and who got it.

-- Counters as they were read. A counter that falls began anew.
CREATE TABLE energy_reading (
    source text NOT NULL,
    at_ms bigint NOT NULL,
    value_mj bigint NOT NULL,
    PRIMARY KEY (source, at_ms)
);
CREATE INDEX energy_reading_by_time ON energy_reading (at_ms);

-- What a millijoule of IT comes to at the site's meter and in carbon, from a time on.
CREATE TABLE energy_site (
    site text NOT NULL,
    at_ms bigint NOT NULL,
    pue_milli integer NOT NULL,
    carbon_mg_per_kwh bigint,
    PRIMARY KEY (site, at_ms)
);

-- Replicas with their counters, from when to when these count them, and how far their windows are
-- settled.
CREATE TABLE energy_replica (
    replica text PRIMARY KEY,
    model text NOT NULL,
    accelerator text NOT NULL,
    metered text NOT NULL,
    since_ms bigint NOT NULL,
    settled_to_ms bigint,
    ended_ms bigint,
    finished boolean NOT NULL DEFAULT false
);
CREATE INDEX energy_replica_open ON energy_replica (replica) WHERE NOT finished;

-- What the meters of a replica counted between two readings. The sum is checked where it lies.
CREATE TABLE energy_window (
    replica text NOT NULL REFERENCES energy_replica,
    start_ms bigint NOT NULL,
    end_ms bigint NOT NULL CHECK (end_ms > start_ms),
    model text NOT NULL,
    accelerator text NOT NULL,
    accelerators_mj bigint NOT NULL CHECK (accelerators_mj >= 0),
    host_mj bigint NOT NULL CHECK (host_mj >= 0),
    short_mj bigint NOT NULL CHECK (short_mj >= 0),
    attributed_mj bigint NOT NULL CHECK (attributed_mj >= 0),
    reserve_mj bigint NOT NULL CHECK (reserve_mj >= 0),
    gap_mj bigint NOT NULL CHECK (gap_mj >= 0),
    gap text NOT NULL,
    busy_ms bigint NOT NULL,
    prefill_tokens bigint NOT NULL,
    decode_tokens bigint NOT NULL,
    context_tokens bigint NOT NULL,
    rates text NOT NULL,
    pue_milli integer NOT NULL,
    carbon_mg_per_kwh bigint,
    PRIMARY KEY (replica, start_ms),
    CHECK (attributed_mj + reserve_mj + gap_mj = accelerators_mj + host_mj)
);
CREATE INDEX energy_window_by_model ON energy_window (model, accelerator, end_ms);

-- What a call got of a window.
CREATE TABLE energy_share (
    call text NOT NULL,
    replica text NOT NULL,
    start_ms bigint NOT NULL,
    it_mj bigint NOT NULL CHECK (it_mj >= 0),
    PRIMARY KEY (call, replica, start_ms),
    FOREIGN KEY (replica, start_ms) REFERENCES energy_window
);
CREATE INDEX energy_share_by_window ON energy_share (replica, start_ms);

-- What a call drew at accelerators and hosts, once all its windows are settled; NULL until then.
ALTER TABLE usage_record ADD COLUMN energy_it_mj bigint;
CREATE INDEX usage_record_by_end ON usage_record (replica, (received_at_ms + took_ms));
