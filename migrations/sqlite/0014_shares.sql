-- A project's canvas can be seen by whoever has its link. The same tables stand in ../postgres.

-- At most one link a project; making another takes the place of the one before.
CREATE TABLE shares (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    project_id TEXT NOT NULL,
    -- SHA-256 of the token, hex.
    token_hash TEXT NOT NULL UNIQUE,
    mode TEXT NOT NULL CHECK (mode IN ('live', 'frozen')),
    files BIGINT NOT NULL CHECK (files IN (0, 1)),
    -- What a frozen link shows: the canvas, and the SHA-256 of each picture by its path.
    frozen TEXT,
    views BIGINT NOT NULL DEFAULT 0 CHECK (views >= 0),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (org_id, project_id),
    FOREIGN KEY (org_id, project_id) REFERENCES projects (org_id, id),
    CHECK ((mode = 'frozen') = (frozen IS NOT NULL))
);
