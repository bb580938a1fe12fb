-- The log sealed as a Merkle tree, as the C2SP specifications have it. All of it is made from `leaf`
-- and `secret`, by one sealer at a time: who seals moves `seal` from the size it believes in.

-- From these come the salts of all leaves about a subject: a workload, '' for the node itself, '*'
-- for padding. Without its secret nobody can tell what a leaf says.
CREATE TABLE secret (
    subject text PRIMARY KEY,
    secret bytea NOT NULL
);

-- How far the log is sealed: so many entries, the next leaf, and the tree's unfinished tiles.
CREATE TABLE seal (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL,
    seq bigint NOT NULL,
    edge bytea NOT NULL
);
INSERT INTO seal (size, seq, edge) VALUES (0, 0, '');

-- Which entries stand for which leaves: first the leaves of a page, then its padding.
CREATE TABLE page (
    first_index bigint PRIMARY KEY,
    first_seq bigint NOT NULL,
    leaves integer NOT NULL,
    padding integer NOT NULL
);
CREATE INDEX page_by_seq ON page (first_seq) WHERE leaves > 0;

-- Full tiles: 256 hashes each.
CREATE TABLE tile (
    level integer NOT NULL,
    index bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (level, index)
);
ALTER TABLE tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Signed checkpoints that were published, with the cosignatures that have come.
CREATE TABLE checkpoint (
    size bigint PRIMARY KEY,
    at_s bigint NOT NULL,
    note bytea NOT NULL
);

-- Entries whose leaves were erased, for they cannot be made again.
CREATE TABLE erased_entry (
    index bigint PRIMARY KEY,
    entry bytea NOT NULL
);

-- What this node has cosigned as a witness of other logs.
CREATE TABLE witnessed (
    origin text PRIMARY KEY,
    size bigint NOT NULL,
    root bytea NOT NULL
);

-- Adds a page from `old_size` on. Fails with AL002 if the log was sealed beyond it meanwhile.
CREATE FUNCTION seal_page(
    old_size bigint, new_size bigint, new_seq bigint, new_edge bytea,
    page_seq bigint, page_leaves int, page_padding int,
    t_level int[], t_index bigint[], t_hashes bytea[], s_subject text[], s_secret bytea[]
)
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    UPDATE seal SET size = new_size, seq = new_seq, edge = new_edge WHERE size = old_size;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'AL002', MESSAGE = format(
            'the log is sealed up to entry %s, not %s', (SELECT size FROM seal), old_size);
    END IF;
    INSERT INTO page (first_index, first_seq, leaves, padding)
    VALUES (old_size, page_seq, page_leaves, page_padding);
    INSERT INTO tile (level, index, hashes) SELECT * FROM unnest(t_level, t_index, t_hashes);
    INSERT INTO secret (subject, secret) SELECT * FROM unnest(s_subject, s_secret);
END $$;
