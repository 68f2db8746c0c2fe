-- Ids and JSON are TEXT, times BIGINT microseconds since 1970, flags BIGINT 0/1. The tenant comes first
-- in every index. The same tables stand in ../sqlite; a test compares the two.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE web_sessions (
    id_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT REFERENCES users (id),
    data TEXT NOT NULL,
    user_agent TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX web_sessions_user ON web_sessions (user_id, last_used_at);
CREATE INDEX web_sessions_expiry ON web_sessions (expires_at);

CREATE TABLE orgs (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    default_model TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE members (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'member', 'viewer')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX members_user ON members (user_id, created_at);

CREATE TABLE workspaces (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    is_default BIGINT NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, slug)
);

CREATE TABLE agents (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL UNIQUE,
    workspace_id TEXT,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    avatar TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',
    system_prompt TEXT NOT NULL DEFAULT '',
    allowed_tools TEXT NOT NULL DEFAULT '[]',
    allowed_peers TEXT NOT NULL DEFAULT '[]',
    allowed_connectors TEXT NOT NULL DEFAULT '[]',
    is_active BIGINT NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    settings TEXT NOT NULL DEFAULT '{}',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, slug)
);

CREATE TABLE projects (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    prompt TEXT NOT NULL DEFAULT '',
    emoji TEXT NOT NULL DEFAULT '',
    visibility TEXT NOT NULL CHECK (visibility IN ('team', 'private')),
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived')),
    tags TEXT NOT NULL DEFAULT '[]',
    metadata TEXT NOT NULL DEFAULT '{}',
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    -- Numbers up to here may have been given to events of this project; see sessions::log.
    reserved_seq BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, slug)
);
CREATE INDEX projects_recent ON projects (org_id, updated_at);

CREATE TABLE sessions (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    agent_id TEXT NOT NULL REFERENCES agents (id),
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    position TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}',
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX sessions_project ON sessions (org_id, project_id, updated_at);

-- A run is claimed with a lease and an attempt number; a write that carries a stale attempt is refused.
CREATE TABLE runs (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    session_id TEXT NOT NULL REFERENCES sessions (id),
    agent_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    message_id TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled')),
    attempt BIGINT NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until BIGINT,
    stop_requested BIGINT NOT NULL DEFAULT 0 CHECK (stop_requested IN (0, 1)),
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, message_id)
);
CREATE INDEX runs_session ON runs (org_id, session_id, created_at);
CREATE INDEX runs_claim ON runs (status, lease_until);

-- Messages sent while a run is going on. `joined_run` is the run that took one in.
CREATE TABLE queued_messages (
    org_id TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    content TEXT NOT NULL,
    attachments TEXT NOT NULL DEFAULT '[]',
    created_at BIGINT NOT NULL,
    run_id TEXT NOT NULL,
    joined_at BIGINT,
    removed_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX queued_messages_session ON queued_messages (org_id, session_id, created_at);

-- "For this session" and "always for this agent": holder is the session's or the agent's id.
CREATE TABLE approvals (
    org_id TEXT NOT NULL,
    holder_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, holder_id, tool)
);

-- Answers to approval requests that a worker has not read yet, and requests to cancel one call.
CREATE TABLE call_orders (
    org_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('approval', 'cancel')),
    answer TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, run_id, call_id, kind)
);

CREATE TABLE events (
    org_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    seq BIGINT NOT NULL,
    session_id TEXT,
    run_id TEXT,
    step_id TEXT,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (project_id, seq)
);
CREATE INDEX events_session ON events (org_id, session_id, seq);

CREATE TABLE blocks (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    position TEXT NOT NULL,
    version BIGINT NOT NULL,
    session_id TEXT,
    run_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX blocks_project ON blocks (org_id, project_id, created_at);

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    max_attempts BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    last_error TEXT,
    dead_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (dead_at, run_at);

-- Data keys, each wrapped by a version of the master key; see secrets.
CREATE TABLE data_keys (
    id TEXT NOT NULL PRIMARY KEY,
    master_version BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Encrypted columns of whatever needs one: associated data binds a value to its place.
CREATE TABLE secrets (
    org_id TEXT NOT NULL,
    owner_table TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    field TEXT NOT NULL,
    data_key_id TEXT NOT NULL REFERENCES data_keys (id),
    nonce BYTEA NOT NULL,
    ciphertext BYTEA NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, owner_table, owner_id, field)
);
