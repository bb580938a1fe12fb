-- name: retire_documents
-- Makes the revisions up to now of these documents not current, before newer ones are written.
UPDATE document SET current = false
FROM unnest(%b::text[], %b::text[]) AS named (kind, name)
WHERE document.kind = named.kind AND document.name = named.name AND current

-- name: put_documents
-- Writes revisions of documents.
INSERT INTO document (kind, name, revision, seq, body, current)
SELECT * FROM unnest(
    %b::text[], %b::text[], %b::int[], %b::bigint[], %b::text[], %b::boolean[]
)
ON CONFLICT (kind, name, revision) DO UPDATE SET
    seq = excluded.seq, body = excluded.body, current = excluded.current

-- name: put_tokens
-- Writes tokens as they stand now.
INSERT INTO token (name, sha256, role, created_at_s, revoked_at_s)
SELECT * FROM unnest(%b::text[], %b::bytea[], %b::text[], %b::bigint[], %b::bigint[])
ON CONFLICT (name) DO UPDATE SET
    sha256 = excluded.sha256, role = excluded.role, created_at_s = excluded.created_at_s,
    revoked_at_s = excluded.revoked_at_s

-- name: put_project_keys
-- Writes keys of projects as they stand now.
INSERT INTO project_key (name, sha256, project, terms, content, created_at_s, revoked_at_s)
SELECT * FROM unnest(
    %b::text[], %b::bytea[], %b::text[], %b::text[], %b::boolean[], %b::bigint[], %b::bigint[]
)
ON CONFLICT (name) DO UPDATE SET
    content = excluded.content, revoked_at_s = excluded.revoked_at_s

-- name: views_seq
-- The seq up to which the views are made.
SELECT views_seq FROM meta

-- name: set_views_seq
-- Notes how far a rebuild has come.
UPDATE meta SET views_seq = %b::bigint

-- name: empty_views
-- Empties what can be made again from the leaves.
TRUNCATE workload, workload_leaf, document, token, project_key

-- name: workloads_oldest_first
-- A page of workloads in order of asking.
SELECT workload_id, ordinal, project, class, site, pool, state, accelerators, submitted_at_s,
    started_at_s, ended_at_s, run, exit_status, spec, reasons, last_seq
FROM workload
WHERE (%(all_states)b::boolean OR state = ANY (%(states)b::text[]))
    AND (%(project)b::text = '' OR project = %(project)b::text)
    AND (%(site)b::text = '' OR site = %(site)b::text)
    AND (%(class_name)b::text = '' OR class = %(class_name)b::text)
    AND (%(after)b::bigint IS NULL OR ordinal > %(after)b::bigint)
ORDER BY ordinal
LIMIT %(limit)b::bigint

-- name: workloads_newest_first
-- A page of workloads against the order of asking.
SELECT workload_id, ordinal, project, class, site, pool, state, accelerators, submitted_at_s,
    started_at_s, ended_at_s, run, exit_status, spec, reasons, last_seq
FROM workload
WHERE (%(all_states)b::boolean OR state = ANY (%(states)b::text[]))
    AND (%(project)b::text = '' OR project = %(project)b::text)
    AND (%(site)b::text = '' OR site = %(site)b::text)
    AND (%(class_name)b::text = '' OR class = %(class_name)b::text)
    AND (%(after)b::bigint IS NULL OR ordinal < %(after)b::bigint)
ORDER BY ordinal DESC
LIMIT %(limit)b::bigint

-- name: workload_entries
-- What lists are filtered and sorted by, of every workload. Both texts are canonical JSON, where a
-- quote within a text is escaped, so that a key can be told from it.
SELECT ordinal, state, project, class, site, accelerators,
    split_part(split_part(spec, '"name":"', 2), '"', 1),
    CASE WHEN state = 'waiting'
        THEN substring(reasons FROM '"expected_at_s":([0-9]+)')::bigint END
FROM workload

-- name: workloads_at
-- Workloads by their ordinals, in the order given.
SELECT workload_id, workload.ordinal, project, class, site, pool, state, accelerators,
    submitted_at_s, started_at_s, ended_at_s, run, exit_status, spec, reasons, last_seq
FROM unnest(%b::bigint[]) WITH ORDINALITY AS wanted (ordinal, place)
    JOIN workload ON workload.ordinal = wanted.ordinal
ORDER BY place

-- name: workload
-- One workload.
SELECT workload_id, ordinal, project, class, site, pool, state, accelerators, submitted_at_s,
    started_at_s, ended_at_s, run, exit_status, spec, reasons, last_seq
FROM workload
WHERE workload_id = %b::text

-- name: workload_leaves
-- The leaves about one workload, oldest first.
SELECT leaf.seq, leaf.at_s, leaf.kind, leaf.body
FROM workload_leaf JOIN leaf USING (seq)
WHERE workload_leaf.workload_id = %b::text AND workload_leaf.seq > %b::bigint
ORDER BY workload_leaf.seq
LIMIT %b::bigint

-- name: workload_counts
-- How many workloads and accelerators there are by state, class and site.
SELECT state, class, site, count(*), coalesce(sum(accelerators), 0)::bigint
FROM workload
GROUP BY state, class, site
ORDER BY state, class, site

-- name: documents
-- The current documents, of one kind or of all.
SELECT kind, name, revision, seq, body, current
FROM document
WHERE current AND (%(kind)b::text = '' OR kind = %(kind)b::text)
ORDER BY kind, name

-- name: document
-- The current revision of a document.
SELECT kind, name, revision, seq, body, current
FROM document
WHERE current AND kind = %b::text AND name = %b::text

-- name: document_revisions
-- Every revision of a document, oldest first.
SELECT kind, name, revision, seq, body, current
FROM document
WHERE kind = %b::text AND name = %b::text
ORDER BY revision

-- name: token
-- The token with a digest.
SELECT name, sha256, role, created_at_s, revoked_at_s FROM token WHERE sha256 = %b::bytea

-- name: tokens
-- All tokens.
SELECT name, sha256, role, created_at_s, revoked_at_s FROM token ORDER BY name

-- name: project_keys
-- All keys of projects.
SELECT name, sha256, project, terms, content, created_at_s, revoked_at_s
FROM project_key ORDER BY name

-- name: dump_workload
-- Every workload as one line of JSON, in an order that all servers share.
SELECT to_json(workload)::text FROM workload ORDER BY workload_id COLLATE "C"

-- name: dump_workload_leaf
-- Every mark of a leaf about a workload.
SELECT to_json(workload_leaf)::text FROM workload_leaf ORDER BY workload_id COLLATE "C", seq

-- name: dump_document
-- Every revision of every document.
SELECT to_json(document)::text FROM document ORDER BY kind COLLATE "C", name COLLATE "C", revision

-- name: dump_token
-- Every token.
SELECT to_json(token)::text FROM token ORDER BY name COLLATE "C"

-- name: dump_project_key
-- Every key of a project.
SELECT to_json(project_key)::text FROM project_key ORDER BY name COLLATE "C"

-- name: dump_act
-- Every act as it was asked for; how it went is not in the log.
SELECT json_build_object('act_id', act_id, 'workload_id', workload_id, 'run', run, 'verb', verb,
    'body', body)::text
FROM act ORDER BY act_id COLLATE "C"
