-- name: append_leaves
-- Adds leaves from a seq on. Fails with AL001 where the log does not continue there, and on the
-- primary key where a seq is taken.
SELECT append_leaves(%b::bigint, %b::bigint[], %b::text[], %b::bytea[])

-- name: append_batch
-- The same with all that goes with the leaves: workloads, marks, acts, answers. The leaves come
-- first, so that a second writer hears of the fence before anything else.
SELECT append_leaves(%b::bigint, %b::bigint[], %b::text[], %b::bytea[]), put_rows(
    %b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
    %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[], %b::int[], %b::int[], %b::text[],
    %b::text[], %b::bigint[],
    %b::text[], %b::bigint[],
    %b::text[], %b::text[], %b::int[], %b::text[], %b::bytea[], %b::bigint[], %b::text[],
    %b::int[], %b::text[],
    %b::text[], %b::bytea[], %b::int[], %b::bytea[], %b::bigint[]
)

-- name: put_rows
-- Writes workloads, marks, acts and answers without leaves.
SELECT put_rows(
    %b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
    %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[], %b::int[], %b::int[], %b::text[],
    %b::text[], %b::bigint[],
    %b::text[], %b::bigint[],
    %b::text[], %b::text[], %b::int[], %b::text[], %b::bytea[], %b::bigint[], %b::text[],
    %b::int[], %b::text[],
    %b::text[], %b::bytea[], %b::int[], %b::bytea[], %b::bigint[]
)

-- name: tail
-- The seq that the next leaf takes.
SELECT tail_seq FROM meta

-- name: read
-- Leaves in order from a seq.
SELECT seq, at_s, kind, body FROM leaf WHERE seq >= %b::bigint ORDER BY seq LIMIT %b::bigint

-- name: snapshot_clear
-- Makes room for a snapshot that is written again.
DELETE FROM snapshot WHERE seq = %b::bigint

-- name: snapshot_part
-- Writes one part of a snapshot.
INSERT INTO snapshot (seq, part, body) VALUES (%b::bigint, %b::int, %b::bytea)

-- name: snapshot_trim
-- Keeps the last two snapshots.
DELETE FROM snapshot
WHERE seq < (SELECT min(seq) FROM (SELECT DISTINCT seq FROM snapshot ORDER BY seq DESC LIMIT 2) AS kept)

-- name: snapshot_latest
-- The parts of the newest snapshot.
SELECT seq, body FROM snapshot WHERE seq = (SELECT max(seq) FROM snapshot) ORDER BY part

-- name: acts_due
-- Acts that are open and due, oldest first.
SELECT act_id, workload_id, run, verb, body, not_before_s, state, attempts, detail
FROM act
WHERE state IN ('pending', 'unknown') AND not_before_s <= %b::bigint
ORDER BY ordinal
LIMIT %b::bigint

-- name: not_waiting_for_the_disk
-- For this transaction only.
SET LOCAL synchronous_commit TO off

-- name: acts_done
-- Notes how attempts at acts went. What is done or refused stays so.
UPDATE act
SET state = noted.state, detail = noted.detail, not_before_s = noted.not_before_s,
    attempts = act.attempts + 1
FROM unnest(%(act_ids)b::text[], %(states)b::text[], %(details)b::text[], %(not_before_s)b::bigint[])
    AS noted (act_id, state, detail, not_before_s)
WHERE act.act_id = noted.act_id AND act.state IN ('pending', 'unknown')

-- name: act_states
-- The states of these acts.
SELECT act_id, state FROM act WHERE act_id = ANY(%b::text[])

-- name: answer
-- The answer under a key.
SELECT key, request_digest, status, body, at_s FROM answer WHERE key = %b::text

-- name: answers
-- The answers under any of these keys.
SELECT key, request_digest, status, body, at_s FROM answer WHERE key = ANY (%b::text[])

-- name: answers_drop
-- Forgets answers of before a time.
DELETE FROM answer WHERE at_s < %b::bigint
