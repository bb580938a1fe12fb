-- name: sealed_to
-- How far the log is sealed.
SELECT size, seq, edge FROM seal

-- name: seal_page
-- Adds a page with its full tiles and new secrets; fails with AL002 if the log was sealed further.
SELECT seal_page(
    %b::bigint, %b::bigint, %b::bigint, %b::bytea, %b::bigint, %b::int, %b::int,
    %b::int[], %b::bigint[], %b::bytea[], %b::text[], %b::bytea[]
)

-- name: secrets
-- The secrets of those of the subjects that have one.
SELECT subject, secret FROM secret WHERE subject = ANY(%b::text[])

-- name: tiles
-- Those of the tiles that are full, in one question.
SELECT level, index, hashes FROM tile
JOIN unnest(%b::int[], %b::bigint[]) AS asked (level, index) USING (level, index)

-- name: page_of_seq
-- The page that holds a leaf, if it is sealed.
SELECT first_index, first_seq, leaves, padding FROM page
WHERE leaves > 0 AND first_seq <= %b::bigint ORDER BY first_seq DESC LIMIT 1

-- name: pages
-- The pages that hold entries from the first index up to before the second.
SELECT first_index, first_seq, leaves, padding FROM page
WHERE first_index >= coalesce(
    (SELECT max(first_index) FROM page WHERE first_index <= %b::bigint), 0)
    AND first_index < %b::bigint
ORDER BY first_index

-- name: checkpoint_put
-- Keeps a checkpoint; one of the same size is replaced, for it can only have more cosignatures.
INSERT INTO checkpoint (size, at_s, note) VALUES (%b::bigint, %b::bigint, %b::bytea)
ON CONFLICT (size) DO UPDATE SET note = excluded.note

-- name: checkpoint_latest
-- The newest checkpoint.
SELECT size, at_s, note FROM checkpoint ORDER BY size DESC LIMIT 1

-- name: checkpoint_from
-- The first checkpoint that has at least so many entries.
SELECT size, at_s, note FROM checkpoint WHERE size >= %b::bigint ORDER BY size LIMIT 1

-- name: checkpoints_between
-- Checkpoints published between two times, oldest first.
SELECT size, at_s, note FROM checkpoint
WHERE at_s >= %b::bigint AND at_s < %b::bigint ORDER BY size LIMIT %b::bigint

-- name: erased_entries
-- Kept entries from the first index up to before the second.
SELECT index, entry FROM erased_entry WHERE index >= %b::bigint AND index < %b::bigint

-- name: keep_entries
-- Keeps entries that cannot be made again.
INSERT INTO erased_entry (index, entry) SELECT * FROM unnest(%b::bigint[], %b::bytea[])
ON CONFLICT DO NOTHING

-- name: empty_leaves
-- Takes from leaves what they say.
UPDATE leaf SET kind = emptied.kind, body = '{}'
FROM unnest(%b::bigint[], %b::text[]) AS emptied (seq, kind) WHERE leaf.seq = emptied.seq

-- name: forget_marks
-- Forgets which workload the leaves were about.
DELETE FROM workload_leaf WHERE workload_id = %b::text AND seq = ANY(%b::bigint[])

-- name: forget_acts
-- Forgets what runners were asked to do for a workload.
DELETE FROM act WHERE workload_id = %b::text

-- name: forget_answers
-- Forgets what was asked for a workload and what was answered; that its key was used stays known.
UPDATE answer SET request_digest = '', body = ''
WHERE CASE WHEN body = '' THEN false
    ELSE convert_from(body, 'UTF8')::jsonb ->> 'workload_id' = %b::text END

-- name: forget_snapshots
-- Keeps the newest snapshot alone: those of before were made while the workload lived.
DELETE FROM snapshot WHERE seq < (SELECT max(seq) FROM snapshot)

-- name: forget_secret
-- Destroys a secret.
DELETE FROM secret WHERE subject = %b::text

-- name: erasures_open
-- Subjects that the log has erased and that still have a secret.
SELECT subject FROM secret JOIN workload ON workload_id = subject WHERE state = 'erased'
