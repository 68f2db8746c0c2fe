-- Keys of organisations' own, and payments. The same tables stand in ../postgres.

-- Keys for model providers. The keys themselves lie in secrets.
CREATE TABLE byok_keys (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    masked TEXT NOT NULL,
    requests BIGINT NOT NULL DEFAULT 0,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, provider)
);

-- What is paid with money. The gateway is asked for its state; what its events say is only a hint.
CREATE TABLE payments (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    -- What the gateway calls it.
    object_id TEXT NOT NULL,
    credits BIGINT NOT NULL CHECK (credits > 0),
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    refunded_cents BIGINT NOT NULL DEFAULT 0 CHECK (refunded_cents >= 0),
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('processing', 'paid', 'done', 'failed', 'refunded')),
    reason TEXT,
    bucket_id TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- When it is looked after next; NULL once it is over.
    check_at BIGINT,
    PRIMARY KEY (org_id, id),
    UNIQUE (gateway, object_id),
    CHECK (refunded_cents <= amount_cents),
    CHECK (state NOT IN ('done', 'refunded') OR bucket_id IS NOT NULL)
);
CREATE INDEX payments_due ON payments (check_at);
CREATE INDEX payments_recent ON payments (org_id, created_at);

-- Events of gateways that have been dealt with, each once.
CREATE TABLE gateway_events (
    gateway TEXT NOT NULL,
    id TEXT NOT NULL,
    object_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (gateway, id)
);

-- The test gateway's own books, as a real one keeps them at its place.
CREATE TABLE test_gateway_payments (
    id TEXT NOT NULL PRIMARY KEY,
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    refunded_cents BIGINT NOT NULL DEFAULT 0 CHECK (refunded_cents >= 0 AND refunded_cents <= amount_cents),
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'challenged', 'succeeded', 'declined')),
    reason TEXT,
    created_at BIGINT NOT NULL
);

-- Events that the test gateway has yet to deliver.
CREATE TABLE test_gateway_events (
    id TEXT NOT NULL,
    nth BIGINT NOT NULL,
    object_id TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (id, nth)
);
CREATE INDEX test_gateway_events_due ON test_gateway_events (due_at);
