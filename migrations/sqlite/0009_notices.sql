-- Who looks after money is told by mail what of a budget is used. The same tables stand in ../postgres.

-- When they were told; NULL while they have yet to be.
ALTER TABLE budget_notices ADD COLUMN told_at BIGINT;
UPDATE budget_notices SET told_at = at;
