-- What blocks were before they were changed. The same tables stand in ../postgres.

-- The run that made the present version; empty for a person.
ALTER TABLE blocks ADD COLUMN last_run_id TEXT;
UPDATE blocks SET last_run_id = run_id WHERE version = 1;

CREATE TABLE block_versions (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    block_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    -- The run that made it, and the one that made the next; empty for people.
    run_id TEXT,
    replaced_by TEXT,
    replaced_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, block_id, version)
);
CREATE INDEX block_versions_run ON block_versions (org_id, project_id, replaced_by);
