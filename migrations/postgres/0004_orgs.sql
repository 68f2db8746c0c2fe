-- Workspaces have members, organisations invite people and can be deleted, and what is done is written down.

-- The workspace that a member works in now; NULL for all that they belong to.
ALTER TABLE members ADD COLUMN current_workspace_id TEXT;

-- Deleted, and when nothing of it can be brought back any more.
ALTER TABLE orgs ADD COLUMN deleted_at BIGINT;
ALTER TABLE orgs ADD COLUMN purge_at BIGINT;

CREATE TABLE workspace_members (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id, workspace_id)
);
CREATE INDEX workspace_members_workspace ON workspace_members (org_id, workspace_id);

-- Until now every member was in the one workspace that there was.
INSERT INTO workspace_members (org_id, workspace_id, user_id, created_at)
SELECT m.org_id, w.id, m.user_id, m.created_at FROM members m JOIN workspaces w ON w.org_id = m.org_id;

CREATE INDEX projects_workspace ON projects (org_id, workspace_id);

CREATE TABLE invites (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'member', 'viewer')),
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    -- SHA-256 of the token, hex.
    token_hash TEXT NOT NULL UNIQUE,
    invited_by TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX invites_email ON invites (org_id, email_key);

-- Append-only: see audit. org_id is NULL for what belongs to no organisation, a failed sign-in for instance.
CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
    org_id TEXT,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('person', 'key', 'agent', 'system', 'unknown')),
    actor_id TEXT,
    user_id TEXT,
    action TEXT NOT NULL,
    target_kind TEXT,
    target_id TEXT,
    target_name TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'denied', 'failed')),
    reason TEXT,
    address TEXT NOT NULL DEFAULT '',
    user_agent TEXT NOT NULL DEFAULT '',
    details TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_recent ON audit_log (org_id, at, id);
CREATE FUNCTION audit_log_refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_log_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();
