-- What packages cap besides numbers of people and projects. The same tables stand in ../sqlite.

-- Why a queued run has yet to begin, as JSON, where its package runs no more at once and people were told.
ALTER TABLE runs ADD COLUMN delayed TEXT;
CREATE INDEX runs_going ON runs (org_id, status) WHERE status IN ('queued', 'running');

-- Bytes of a folder that is kept with a project: `files`, or `sandboxes/<session>`.
CREATE TABLE stored_bytes (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    project_id TEXT NOT NULL REFERENCES projects (id),
    folder TEXT NOT NULL,
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (org_id, project_id, folder)
);
CREATE INDEX reservations_session ON reservations (org_id, session_id);
CREATE INDEX reservations_project ON reservations (org_id, project_id);
