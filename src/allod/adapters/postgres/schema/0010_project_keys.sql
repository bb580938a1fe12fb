-- Keys by which projects call services; made again from `leaf` like every view.
CREATE TABLE project_key (
    name text PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE,
    project text NOT NULL,
    terms text NOT NULL,
    content boolean NOT NULL,
    created_at_s bigint NOT NULL,
    revoked_at_s bigint
);
