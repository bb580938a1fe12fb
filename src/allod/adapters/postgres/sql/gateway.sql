-- name: put_records
-- Writes records, each a line of an array of JSON, and adds up by kind those that were not there.
-- A time belongs to the first bound that is not less, hence its 1 ms less for `width_bucket`.
WITH fresh AS (
    INSERT INTO usage_record (
        id, key, project, access_class, service, model, site, replica, operation, stream, batch,
        status, outcome, prompt_tokens, cached_tokens, answer_tokens, counted_by, received_at_ms,
        waited_ms, first_ms, took_ms, energy_mj, co2e_ug, energy_method
    )
    SELECT * FROM json_to_recordset(convert_from(%(records)b::bytea, 'UTF8')::json) AS record (
        id text, key text, project text, access_class text, service text, model text, site text,
        replica text, operation text, stream boolean, batch text, status integer, outcome text,
        prompt_tokens bigint, cached_tokens bigint, answer_tokens bigint, counted_by text,
        received_at_ms bigint, waited_ms bigint, first_ms bigint, took_ms bigint,
        energy_mj bigint, co2e_ug bigint, energy_method text
    )
    ON CONFLICT (id) DO NOTHING
    RETURNING service, site, operation, outcome, energy_method, first_ms, took_ms,
        prompt_tokens, cached_tokens, answer_tokens, energy_mj
)
SELECT service, site, operation, outcome, energy_method,
    width_bucket(first_ms - 1, %(first_ms)b::bigint[]) AS first_within,
    width_bucket(took_ms - 1, %(took_ms)b::bigint[]) AS took_within,
    count(*),
    sum(prompt_tokens)::bigint,
    sum(cached_tokens)::bigint,
    sum(answer_tokens)::bigint,
    sum(energy_mj)::bigint,
    sum(first_ms)::bigint,
    sum(took_ms)::bigint
FROM fresh
GROUP BY service, site, operation, outcome, energy_method, first_within, took_within

-- name: usage
-- Sums of records, by any of their columns.
SELECT
    CASE WHEN %(by_project)b::boolean THEN project ELSE '' END AS by_project,
    CASE WHEN %(by_key)b::boolean THEN key ELSE '' END AS by_key,
    CASE WHEN %(by_service)b::boolean THEN service ELSE '' END AS by_service,
    CASE WHEN %(by_model)b::boolean THEN model ELSE '' END AS by_model,
    CASE WHEN %(by_site)b::boolean THEN site ELSE '' END AS by_site,
    CASE WHEN %(by_access_class)b::boolean THEN access_class ELSE '' END AS by_access_class,
    CASE WHEN %(by_batch)b::boolean THEN batch ELSE '' END AS by_batch,
    CASE WHEN %(by_day)b::boolean
        THEN to_char(to_timestamp(received_at_ms / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')
        ELSE '' END AS by_day,
    count(*),
    count(*) FILTER (WHERE outcome = 'completed'),
    count(*) FILTER (WHERE outcome = 'left'),
    count(*) FILTER (WHERE outcome = 'failed'),
    count(*) FILTER (WHERE outcome = 'refused'),
    count(*) FILTER (WHERE outcome = 'interrupted'),
    sum(prompt_tokens)::bigint,
    sum(cached_tokens)::bigint,
    sum(answer_tokens)::bigint,
    sum(waited_ms)::bigint,
    sum(took_ms)::bigint,
    coalesce(sum(energy_mj), 0)::bigint,
    coalesce(sum(co2e_ug), 0)::bigint,
    count(*) FILTER (WHERE site <> '' AND energy_mj IS NULL),
    count(*) FILTER (WHERE energy_method = 'measured'),
    count(energy_mj) FILTER (WHERE energy_method <> 'measured'),
    (sum(energy_mj) * 1000 / nullif(
        sum(prompt_tokens + answer_tokens) FILTER (WHERE energy_mj IS NOT NULL), 0
    ))::bigint,
    CASE count(*) FILTER (WHERE energy_method = 'measured')
        WHEN 0 THEN CASE count(energy_mj) WHEN 0 THEN 'none' ELSE 'estimated' END
        WHEN count(energy_mj) THEN 'measured'
        ELSE 'mixed' END
FROM usage_record
WHERE (%(since_ms)b::bigint IS NULL OR received_at_ms >= %(since_ms)b::bigint)
    AND (%(until_ms)b::bigint IS NULL OR received_at_ms < %(until_ms)b::bigint)
    AND (%(project)b::text = '' OR project = %(project)b::text)
    AND (%(key)b::text = '' OR key = %(key)b::text)
    AND (%(service)b::text = '' OR service = %(service)b::text)
    AND (%(model)b::text = '' OR model = %(model)b::text)
    AND (%(site)b::text = '' OR site = %(site)b::text)
    AND (%(access_class)b::text = '' OR access_class = %(access_class)b::text)
    AND (%(batch)b::text = '' OR batch = %(batch)b::text)
    AND (%(outcome)b::text = '' OR outcome = %(outcome)b::text)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY 8, 1, 2, 3, 4, 5, 6, 7

-- name: records
-- A page of records, newest first, from behind the one named.
SELECT id, key, project, access_class, service, model, site, replica, operation, stream, batch,
    status, outcome, prompt_tokens, cached_tokens, answer_tokens, counted_by, received_at_ms,
    waited_ms, first_ms, took_ms, energy_mj, co2e_ug, energy_method
FROM usage_record
WHERE (%(since_ms)b::bigint IS NULL OR received_at_ms >= %(since_ms)b::bigint)
    AND (%(until_ms)b::bigint IS NULL OR received_at_ms < %(until_ms)b::bigint)
    AND (%(project)b::text = '' OR project = %(project)b::text)
    AND (%(key)b::text = '' OR key = %(key)b::text)
    AND (%(service)b::text = '' OR service = %(service)b::text)
    AND (%(model)b::text = '' OR model = %(model)b::text)
    AND (%(site)b::text = '' OR site = %(site)b::text)
    AND (%(access_class)b::text = '' OR access_class = %(access_class)b::text)
    AND (%(batch)b::text = '' OR batch = %(batch)b::text)
    AND (%(outcome)b::text = '' OR outcome = %(outcome)b::text)
    AND (%(after)b::text = '' OR (received_at_ms, id) < (
        SELECT last.received_at_ms, last.id FROM usage_record AS last
            WHERE last.id = %(after)b::text
    ))
ORDER BY received_at_ms DESC, id DESC
LIMIT %(limit)b::bigint

-- name: put_file
-- Notes a file, as long as the project's files stay within their limit.
INSERT INTO gateway_file (id, project, purpose, filename, bytes, created_at_s, expires_at_s)
SELECT %(id)b::text, %(project)b::text, %(purpose)b::text, %(filename)b::text, %(bytes)b::bigint,
    %(created_at_s)b::bigint,
    %(expires_at_s)b::bigint
WHERE %(bytes)b::bigint
    + coalesce((SELECT sum(bytes) FROM gateway_file WHERE project = %(project)b::text), 0)
    <= %(bytes_max)b::bigint
ON CONFLICT (id) DO NOTHING

-- name: file
-- One file of a project.
SELECT id, project, purpose, filename, bytes, created_at_s, expires_at_s
FROM gateway_file WHERE id = %(id)b::text AND project = %(project)b::text

-- name: files_newest_first
-- A page of a project's files.
SELECT id, project, purpose, filename, bytes, created_at_s, expires_at_s
FROM gateway_file
WHERE project = %(project)b::text AND (%(purpose)b::text = '' OR purpose = %(purpose)b::text)
    AND (%(after)b::text = ''
        OR ordinal < (SELECT last.ordinal FROM gateway_file AS last
            WHERE last.id = %(after)b::text))
ORDER BY ordinal DESC
LIMIT %(limit)b::bigint

-- name: files_oldest_first
-- The same from the other end.
SELECT id, project, purpose, filename, bytes, created_at_s, expires_at_s
FROM gateway_file
WHERE project = %(project)b::text AND (%(purpose)b::text = '' OR purpose = %(purpose)b::text)
    AND (%(after)b::text = ''
        OR ordinal > (SELECT last.ordinal FROM gateway_file AS last
            WHERE last.id = %(after)b::text))
ORDER BY ordinal
LIMIT %(limit)b::bigint

-- name: remove_file
-- Forgets a file.
DELETE FROM gateway_file WHERE id = %(id)b::text AND project = %(project)b::text

-- name: files_expired
-- Files that were to be kept until before then.
SELECT id, project, purpose, filename, bytes, created_at_s, expires_at_s
FROM gateway_file WHERE expires_at_s <= %(now_s)b::bigint

-- name: file_ids
-- All of them, to find bytes that nobody knows.
SELECT id FROM gateway_file

-- name: put_batch
-- Notes a new batch.
INSERT INTO gateway_batch (
    id, project, key, endpoint, input_file, window_text, metadata, status, created_at_s,
    expires_at_s, in_progress_at_s, finalizing_at_s, cancelling_at_s, ended_at_s, output_file,
    error_file, errors, model, total, completed, failed, output_kept_s
) VALUES (
    %(id)b::text, %(project)b::text, %(key)b::text, %(endpoint)b::text, %(input_file)b::text,
    %(window)b::text, %(metadata)b::text,
    %(status)b::text, %(created_at_s)b::bigint, %(expires_at_s)b::bigint,
    %(in_progress_at_s)b::bigint, %(finalizing_at_s)b::bigint,
    %(cancelling_at_s)b::bigint, %(ended_at_s)b::bigint, %(output_file)b::text,
    %(error_file)b::text, %(errors)b::text, %(model)b::text,
    %(total)b::bigint, %(completed)b::bigint, %(failed)b::bigint, %(output_kept_s)b::bigint
)

-- name: batch
-- One batch of a project.
SELECT id, project, key, endpoint, input_file, window_text, metadata, status, created_at_s,
    expires_at_s, in_progress_at_s, finalizing_at_s, cancelling_at_s, ended_at_s, output_file,
    error_file, errors, model, total, completed, failed, output_kept_s
FROM gateway_batch WHERE id = %(id)b::text AND project = %(project)b::text

-- name: batches
-- A page of a project's batches, newest first.
SELECT id, project, key, endpoint, input_file, window_text, metadata, status, created_at_s,
    expires_at_s, in_progress_at_s, finalizing_at_s, cancelling_at_s, ended_at_s, output_file,
    error_file, errors, model, total, completed, failed, output_kept_s
FROM gateway_batch
WHERE project = %(project)b::text AND (%(after)b::text = ''
    OR ordinal < (SELECT last.ordinal FROM gateway_batch AS last WHERE last.id = %(after)b::text))
ORDER BY ordinal DESC
LIMIT %(limit)b::bigint

-- name: batches_open
-- Batches of which something is still to be done, oldest first.
SELECT id, project, key, endpoint, input_file, window_text, metadata, status, created_at_s,
    expires_at_s, in_progress_at_s, finalizing_at_s, cancelling_at_s, ended_at_s, output_file,
    error_file, errors, model, total, completed, failed, output_kept_s
FROM gateway_batch
WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
ORDER BY ordinal

-- name: cancel_batch
-- Asks for the end of a batch that still waits or works.
UPDATE gateway_batch SET status = 'cancelling', cancelling_at_s = %(now_s)b::bigint
WHERE id = %(id)b::text AND project = %(project)b::text AND status IN ('validating', 'in_progress')

-- name: count_batch
-- How far a batch has come.
UPDATE gateway_batch SET completed = %(completed)b::bigint, failed = %(failed)b::bigint
    WHERE id = %(id)b::text

-- name: begin_batch
-- The input was read and can be used; a batch that was cancelled meanwhile stays so.
UPDATE gateway_batch
SET status = 'in_progress', in_progress_at_s = %(now_s)b::bigint, total = %(total)b::bigint,
    model = %(model)b::text
WHERE id = %(id)b::text AND status = 'validating'

-- name: finalize_batch
-- Every call was made, and the files are put together.
UPDATE gateway_batch SET status = 'finalizing', finalizing_at_s = %(now_s)b::bigint
WHERE id = %(id)b::text AND status = 'in_progress'

-- name: end_batch
-- The last word on a batch.
UPDATE gateway_batch
SET status = %(status)b::text, ended_at_s = %(now_s)b::bigint, output_file = %(output_file)b::text,
    error_file = %(error_file)b::text, errors = %(errors)b::text, completed = %(completed)b::bigint,
    failed = %(failed)b::bigint
WHERE id = %(id)b::text AND status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
