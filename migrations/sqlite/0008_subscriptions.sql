-- Subscriptions. The same tables stand in ../postgres.

-- Until when the package is paid; NULL where it is free. No month begins that isn't paid.
ALTER TABLE billing_accounts ADD COLUMN paid_until BIGINT;

-- Organisations as a gateway's customers, and how their subscription stands there.
CREATE TABLE gateway_customers (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    gateway TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- NULL while nothing was subscribed to.
    package TEXT,
    state TEXT CHECK (state IN ('active', 'past_due', 'over')),
    period_start BIGINT,
    period_end BIGINT,
    -- It ends with the period.
    ends BIGINT NOT NULL DEFAULT 0 CHECK (ends IN (0, 1)),
    -- When somebody last went to subscribe.
    begun_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- When it is looked after next; NULL where nothing can have changed.
    check_at BIGINT,
    PRIMARY KEY (org_id, gateway),
    UNIQUE (gateway, customer_id)
);
CREATE INDEX gateway_customers_due ON gateway_customers (check_at);
