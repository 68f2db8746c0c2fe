-- Where a block stood before a run changed it. The same column stands in ../sqlite.
-- Empty for what was kept before this was known.
ALTER TABLE block_versions ADD COLUMN position TEXT;
