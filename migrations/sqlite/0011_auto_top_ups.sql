-- Credits that are bought by themselves. The same tables stand in ../postgres.

-- What an organisation wants of it. Only people turn it on; they and what goes wrong turn it off.
CREATE TABLE auto_top_ups (
    org_id TEXT NOT NULL PRIMARY KEY REFERENCES orgs (id),
    gateway TEXT NOT NULL,
    is_on BIGINT NOT NULL DEFAULT 0 CHECK (is_on IN (0, 1)),
    -- Whole credits: buys when less is available, so many at once, and no more in a month.
    threshold BIGINT NOT NULL CHECK (threshold > 0),
    credits BIGINT NOT NULL CHECK (credits > 0),
    monthly_cap BIGINT NOT NULL CHECK (monthly_cap >= credits),
    -- The card that is charged, as the gateway names it, and its last four digits.
    card_id TEXT,
    card_last4 TEXT,
    -- What the gateway calls the page on which a card is being saved; with that it is turned on.
    setup_id TEXT,
    set_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Why it was turned off, unless a person did, and when people were told so.
    reason TEXT,
    told_at BIGINT,
    CHECK (is_on = 0 OR (card_id IS NOT NULL AND reason IS NULL))
);

-- Nobody was there to pay. Of these an organisation has one in flight at most, whoever begins them.
ALTER TABLE payments ADD COLUMN automatic BIGINT NOT NULL DEFAULT 0 CHECK (automatic IN (0, 1));
CREATE UNIQUE INDEX payments_in_flight ON payments (org_id) WHERE automatic = 1 AND state IN ('processing', 'paid');

-- The page where somebody subscribes that was opened last; a new one ends it.
ALTER TABLE gateway_customers ADD COLUMN checkout_id TEXT;
