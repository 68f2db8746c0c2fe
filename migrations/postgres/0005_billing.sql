-- Credits: what there is, what is held for calls, what was spent, and limits. The same tables stand in
-- ../sqlite. Amounts are microcredits. The constraints are the last fence behind the rules of billing.

-- Whoever moves an organisation's credits locks its row here first.
CREATE TABLE billing_accounts (
    org_id TEXT NOT NULL PRIMARY KEY REFERENCES orgs (id),
    package TEXT NOT NULL,
    -- Months are counted from here.
    anchor BIGINT NOT NULL,
    -- The month whose credits were granted last ends here.
    granted_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX billing_accounts_due ON billing_accounts (granted_until);

CREATE TABLE credit_buckets (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('monthly', 'promo', 'top_up', 'refund', 'adjustment')),
    -- What it was granted for: the same thing grants once.
    grant_key TEXT NOT NULL,
    granted BIGINT NOT NULL CHECK (granted > 0 AND granted <= 1000000000000000),
    consumed BIGINT NOT NULL DEFAULT 0 CHECK (consumed >= 0),
    reserved BIGINT NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    expired BIGINT NOT NULL DEFAULT 0 CHECK (expired >= 0),
    reversed BIGINT NOT NULL DEFAULT 0 CHECK (reversed >= 0),
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, grant_key),
    CHECK (consumed + reserved + expired + reversed <= granted)
);
CREATE INDEX credit_buckets_expiry ON credit_buckets (expires_at);

-- A call that is paid: what was set aside for it at most, and then what it cost.
CREATE TABLE reservations (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'released')),
    operation TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    amount BIGINT NOT NULL CHECK (amount >= 0),
    -- Which bucket holds how much of it.
    parts TEXT NOT NULL,
    cost BIGINT NOT NULL DEFAULT 0 CHECK (cost >= 0),
    -- Used beyond what could be charged.
    written_off BIGINT NOT NULL DEFAULT 0 CHECK (written_off >= 0),
    refunded BIGINT NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    byok BIGINT NOT NULL DEFAULT 0 CHECK (byok IN (0, 1)),
    input_tokens BIGINT NOT NULL DEFAULT 0,
    cached_tokens BIGINT NOT NULL DEFAULT 0,
    output_tokens BIGINT NOT NULL DEFAULT 0,
    millis BIGINT NOT NULL DEFAULT 0,
    workspace_id TEXT,
    user_id TEXT,
    project_id TEXT,
    agent_id TEXT,
    session_id TEXT,
    run_id TEXT,
    deadline BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (org_id, id),
    CHECK (refunded <= cost),
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CHECK (state = 'settled' OR (cost = 0 AND written_off = 0))
);
CREATE INDEX reservations_due ON reservations (state, deadline);
CREATE INDEX reservations_recent ON reservations (org_id, created_at);
CREATE INDEX reservations_run ON reservations (org_id, run_id);

CREATE TABLE budgets (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('org', 'workspace', 'user', 'project', 'agent', 'session', 'run')),
    target_id TEXT NOT NULL,
    period TEXT NOT NULL CHECK (period IN ('day', 'week', 'month', 'total')),
    credit_limit BIGINT NOT NULL CHECK (credit_limit >= 0),
    is_hard BIGINT NOT NULL CHECK (is_hard IN (0, 1)),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, scope, target_id, period, is_hard)
);

-- What is used of a budget: the sum of the reservations in its scope that were made in the period.
CREATE TABLE budget_periods (
    org_id TEXT NOT NULL,
    budget_id TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    spent BIGINT NOT NULL CHECK (spent >= 0),
    reserved BIGINT NOT NULL CHECK (reserved >= 0),
    PRIMARY KEY (org_id, budget_id, starts_at)
);

-- Each mark that a budget passed, once in a period.
CREATE TABLE budget_notices (
    org_id TEXT NOT NULL,
    budget_id TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    percent BIGINT NOT NULL CHECK (percent IN (50, 80, 100)),
    at BIGINT NOT NULL,
    PRIMARY KEY (org_id, budget_id, starts_at, percent)
);

-- Runs that nobody works on until what their next call asks for can be paid.
CREATE TABLE billing_waits (
    org_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    ask TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (org_id, run_id)
);

-- Every movement of credits, from one place to another: a row is balanced by its shape. Append-only, and it
-- stays when its organisation goes.
CREATE TABLE ledger_entries (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    kind TEXT NOT NULL
        CHECK (kind IN ('grant', 'reserve', 'settle', 'release', 'expire', 'refund', 'reverse')),
    source TEXT NOT NULL CHECK (source IN ('issued', 'available', 'reserved', 'spent', 'written_off')),
    target TEXT NOT NULL CHECK (target IN ('available', 'reserved', 'spent', 'expired', 'reversed')),
    bucket_id TEXT,
    reservation_id TEXT,
    amount BIGINT NOT NULL CHECK (amount > 0),
    at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    CHECK (source <> target)
);
CREATE FUNCTION ledger_entries_refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE TRIGGER ledger_entries_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_refuse();
