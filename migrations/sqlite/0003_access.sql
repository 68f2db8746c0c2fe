-- API keys, and answers kept for requests that are sent again.
-- The same tables stand in ../postgres; a test compares the two.

CREATE TABLE api_keys (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    -- After a rotation the one before goes on working until then.
    old_secret_hash TEXT UNIQUE,
    old_secret_until BIGINT,
    scopes TEXT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (org_id, id),
    -- A key is gone with its owner's membership, and doesn't come back with it.
    FOREIGN KEY (org_id, user_id) REFERENCES members (org_id, user_id) ON DELETE CASCADE
);
CREATE INDEX api_keys_owner ON api_keys (org_id, user_id, created_at);

-- Where each key was used from, so that a new place stands in the audit log once.
CREATE TABLE key_addresses (
    org_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    address TEXT NOT NULL,
    first_used_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, key_id, address),
    FOREIGN KEY (org_id, key_id) REFERENCES api_keys (org_id, id) ON DELETE CASCADE
);

-- Buckets of rate limits that several servers share.
CREATE TABLE rate_limits (
    bucket TEXT NOT NULL,
    -- A person, a key or an address.
    key TEXT NOT NULL,
    -- When the bucket is full again (GCRA's theoretical arrival time).
    full_at BIGINT NOT NULL,
    PRIMARY KEY (bucket, key)
);
CREATE INDEX rate_limits_full ON rate_limits (full_at);

CREATE TABLE idempotency (
    -- Who asked: a key's or a person's id.
    credential TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    -- The attempt that holds the key while it runs, and until when it is believed to.
    attempt TEXT NOT NULL,
    held_until BIGINT NOT NULL,
    -- NULL until the first answer is there; sealed, since answers may hold secrets.
    status BIGINT,
    headers TEXT,
    nonce BLOB,
    body BLOB,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (credential, key_hash)
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);
