-- Agents that people make and change. The same columns stand in ../postgres.

ALTER TABLE agents ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

CREATE INDEX sessions_agent ON sessions (org_id, agent_id, updated_at);
CREATE INDEX runs_agent ON runs (org_id, agent_id, created_at);
