-- Stripe. The same tables stand in ../postgres.

-- What was taken back because its payment was disputed comes back when the dispute is won. SQLite can't change a
-- check, so the table is made anew.
CREATE TABLE ledger_entries_7 (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    kind TEXT NOT NULL
        CHECK (kind IN ('grant', 'reserve', 'settle', 'release', 'expire', 'refund', 'reverse')),
    source TEXT NOT NULL
        CHECK (source IN ('issued', 'available', 'reserved', 'spent', 'written_off', 'reversed')),
    target TEXT NOT NULL CHECK (target IN ('available', 'reserved', 'spent', 'expired', 'reversed')),
    bucket_id TEXT,
    reservation_id TEXT,
    amount BIGINT NOT NULL CHECK (amount > 0),
    at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    CHECK (source <> target)
);
INSERT INTO ledger_entries_7 SELECT org_id, id, transaction_id, kind, source, target, bucket_id, reservation_id, amount,
    at FROM ledger_entries;
DROP TABLE ledger_entries;
ALTER TABLE ledger_entries_7 RENAME TO ledger_entries;
CREATE TRIGGER ledger_entries_update BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entries_delete BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- A gateway of real money may be used with a test key.
ALTER TABLE payments ADD COLUMN test_money BIGINT NOT NULL DEFAULT 0 CHECK (test_money IN (0, 1));
UPDATE payments SET test_money = 1 WHERE gateway = 'test';
