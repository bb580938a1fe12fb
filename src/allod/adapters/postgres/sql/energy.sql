-- name: put_readings
-- Keeps readings of counters; one that is there already stays as it is.
INSERT INTO energy_reading (source, at_ms, value_mj)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::bigint[])
ON CONFLICT DO NOTHING

-- name: put_site
-- Keeps PUE and carbon of a site from a time on, if they are not what they were.
INSERT INTO energy_site (site, at_ms, pue_milli, carbon_mg_per_kwh)
SELECT %(site)b::text, %(at_ms)b::bigint, %(pue_milli)b::int, %(carbon)b::bigint
WHERE (%(pue_milli)b::int, %(carbon)b::bigint) IS DISTINCT FROM (
    SELECT (last.pue_milli, last.carbon_mg_per_kwh) FROM energy_site AS last
    WHERE last.site = %(site)b::text AND last.at_ms <= %(at_ms)b::bigint
    ORDER BY last.at_ms DESC LIMIT 1
)
ON CONFLICT DO NOTHING

-- name: site_at
-- PUE and carbon of a site at a time; the first that is known, for any time before.
SELECT pue_milli, carbon_mg_per_kwh FROM energy_site
WHERE site = %(site)b::text
ORDER BY at_ms > %(at_ms)b::bigint, abs(at_ms - %(at_ms)b::bigint)
LIMIT 1

-- name: put_replica
-- Keeps how a replica is counted.
INSERT INTO energy_replica (replica, model, accelerator, metered, since_ms)
VALUES (
    %(replica)b::text, %(model)b::text, %(accelerator)b::text, %(metered)b::text,
    %(since_ms)b::bigint
)
ON CONFLICT DO NOTHING

-- name: end_replica
-- From then on its counters count others.
UPDATE energy_replica SET ended_ms = %(at_ms)b::bigint
WHERE replica = %(replica)b::text AND ended_ms IS NULL

-- name: replicas_open
-- Replicas of which windows may still be settled.
SELECT metered, since_ms, settled_to_ms, ended_ms FROM energy_replica
WHERE NOT finished ORDER BY replica

-- name: replicas_all
-- All of them.
SELECT metered, since_ms, settled_to_ms, ended_ms FROM energy_replica ORDER BY replica

-- name: readings
-- Readings of counters from a time on, oldest first.
SELECT source, at_ms, value_mj FROM energy_reading
WHERE source = ANY(%(sources)b::text[]) AND at_ms >= %(from_ms)b::bigint
ORDER BY at_ms, source
LIMIT %(limit)b::bigint

-- name: stays
-- Calls that were at a replica in a window.
SELECT id, received_at_ms, waited_ms, first_ms, took_ms, stream, prompt_tokens, cached_tokens,
    answer_tokens
FROM usage_record
WHERE replica = %(replica)b::text AND received_at_ms + took_ms > %(start_ms)b::bigint
    AND received_at_ms <= %(end_ms)b::bigint AND energy_method <> 'measured'
ORDER BY id

-- name: advance
-- The replica is settled up to another time, if it was up to the one that is believed.
UPDATE energy_replica SET settled_to_ms = %(to_ms)b::bigint
WHERE replica = %(replica)b::text AND settled_to_ms IS NOT DISTINCT FROM %(from_ms)b::bigint

-- name: put_window
-- Keeps a window.
INSERT INTO energy_window (
    replica, start_ms, end_ms, model, accelerator, accelerators_mj, host_mj, short_mj,
    attributed_mj, reserve_mj, gap_mj, gap, busy_ms, prefill_tokens, decode_tokens,
    context_tokens, rates, pue_milli, carbon_mg_per_kwh
)
SELECT %(replica)b::text, %(start_ms)b::bigint, %(end_ms)b::bigint, model, accelerator,
    %(accelerators_mj)b::bigint, %(host_mj)b::bigint, %(short_mj)b::bigint,
    %(attributed_mj)b::bigint, %(reserve_mj)b::bigint, %(gap_mj)b::bigint, %(gap)b::text,
    %(busy_ms)b::bigint, %(prefill)b::bigint, %(decode)b::bigint, %(context)b::bigint,
    %(rates)b::text, %(pue_milli)b::int, %(carbon)b::bigint
FROM energy_replica WHERE replica = %(replica)b::text

-- name: put_shares
-- Keeps who got what of a window.
INSERT INTO energy_share (replica, start_ms, call, it_mj)
SELECT %b::text, %b::bigint, shares.* FROM unnest(%b::text[], %b::bigint[]) AS shares

-- name: shares_of_ended
-- What calls got that ended by then and are not settled, with what it came to at the site.
SELECT share.call, share.it_mj, part.pue_milli, part.carbon_mg_per_kwh
FROM energy_share AS share
JOIN energy_window AS part USING (replica, start_ms)
JOIN usage_record AS record ON record.id = share.call
WHERE record.replica = %(replica)b::text AND record.energy_method <> 'measured'
    AND record.received_at_ms + record.took_ms <= %(end_ms)b::bigint
ORDER BY share.call, share.start_ms

-- name: put_energy
-- What calls drew, measured.
UPDATE usage_record AS record
SET energy_it_mj = got.it_mj, energy_mj = got.energy_mj, co2e_ug = got.co2e_ug,
    energy_method = 'measured'
FROM unnest(%b::text[], %b::bigint[], %b::bigint[], %b::bigint[])
    AS got (call, it_mj, energy_mj, co2e_ug)
WHERE record.id = got.call

-- name: finish_replica
-- No more windows of it come.
UPDATE energy_replica SET finished = true WHERE replica = %(replica)b::text

-- name: windows_seen
-- The latest windows of a model on accelerators.
SELECT end_ms - start_ms, busy_ms, accelerators_mj + host_mj, prefill_tokens, decode_tokens,
    context_tokens
FROM energy_window
WHERE model = %(model)b::text AND accelerator = %(accelerator)b::text AND gap = ''
ORDER BY end_ms DESC, replica, start_ms
LIMIT %(limit)b::bigint

-- name: energy_sums
-- What windows, shares and records come to.
SELECT
    (SELECT count(*) FROM energy_window),
    (SELECT coalesce(sum(accelerators_mj + host_mj), 0)::bigint FROM energy_window),
    (SELECT coalesce(sum(attributed_mj), 0)::bigint FROM energy_window),
    (SELECT coalesce(sum(reserve_mj), 0)::bigint FROM energy_window),
    (SELECT coalesce(sum(gap_mj), 0)::bigint FROM energy_window),
    (SELECT coalesce(sum(energy_it_mj), 0)::bigint FROM usage_record
        WHERE energy_method = 'measured'),
    (SELECT coalesce(sum(share.it_mj), 0)::bigint FROM energy_share AS share
        LEFT JOIN usage_record AS record ON record.id = share.call
        WHERE record.energy_method IS DISTINCT FROM 'measured')

-- name: windows_of
-- The windows of a replica, oldest first.
SELECT start_ms, end_ms, accelerators_mj + host_mj, attributed_mj, coalesce((
    SELECT sum(it_mj) FROM energy_share AS share
    WHERE share.replica = part.replica AND share.start_ms = part.start_ms
), 0)::bigint
FROM energy_window AS part WHERE replica = %(replica)b::text ORDER BY start_ms

-- name: forget_readings
-- Drops old readings that no window waits for.
DELETE FROM energy_reading WHERE at_ms < least(%(before_ms)b::bigint, (
    SELECT min(coalesce(settled_to_ms, since_ms)) FROM energy_replica WHERE NOT finished
))
