-- Agents that write to each other. The same tables stand in ../postgres.

-- The session whose agent started this one, and how many such steps lie between it and a person's.
ALTER TABLE sessions ADD COLUMN parent_id TEXT;
ALTER TABLE sessions ADD COLUMN depth BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_parent ON sessions (org_id, parent_id);

-- Until when people may answer what a waiting run asks them.
ALTER TABLE runs ADD COLUMN asks_until BIGINT;
CREATE INDEX runs_asks ON runs (asks_until);

-- How many messages between agents lie between a person's word and this.
ALTER TABLE runs ADD COLUMN hops BIGINT NOT NULL DEFAULT 0;
ALTER TABLE queued_messages ADD COLUMN hops BIGINT NOT NULL DEFAULT 0;
-- Who wrote it, as JSON, where that was an agent.
ALTER TABLE queued_messages ADD COLUMN sender TEXT;

-- What agents wrote to each other; the id is the message's in the reader's session.
CREATE TABLE envelopes (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('message', 'task', 'ended')),
    from_session TEXT NOT NULL,
    from_agent TEXT NOT NULL,
    to_session TEXT NOT NULL,
    to_agent TEXT NOT NULL,
    body TEXT NOT NULL,
    hops BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX envelopes_from ON envelopes (org_id, from_session, sent_at);
CREATE INDEX envelopes_to ON envelopes (org_id, to_session, sent_at);

-- Calls that wait for messages, of runs that nobody works on meanwhile.
CREATE TABLE peer_waits (
    org_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    -- Whose messages, as a JSON list of sessions; empty for anybody's.
    sources TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (org_id, run_id, call_id)
);
CREATE INDEX peer_waits_project ON peer_waits (org_id, project_id);
