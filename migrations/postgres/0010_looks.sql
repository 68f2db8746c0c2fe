-- How often a gateway's word was done. The same tables stand in ../sqlite.

-- Whoever asks a gateway reads the number before, and asks again when somebody else's answer was done meanwhile: what a
-- gateway said earlier must not undo what it said later.
ALTER TABLE payments ADD COLUMN looks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE gateway_customers ADD COLUMN looks BIGINT NOT NULL DEFAULT 0;
