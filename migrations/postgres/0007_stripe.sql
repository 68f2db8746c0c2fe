-- Stripe. The same tables stand in ../sqlite.

-- What was taken back because its payment was disputed comes back when the dispute is won.
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_source_check;
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_source_check
    CHECK (source IN ('issued', 'available', 'reserved', 'spent', 'written_off', 'reversed'));

-- A gateway of real money may be used with a test key.
ALTER TABLE payments ADD COLUMN test_money BIGINT NOT NULL DEFAULT 0 CHECK (test_money IN (0, 1));
UPDATE payments SET test_money = 1 WHERE gateway = 'test';
