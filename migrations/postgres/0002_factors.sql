-- Factors, step-up, and links in letters. The same tables stand in ../sqlite.

-- Unknown for addresses that nobody has confirmed.
ALTER TABLE users ADD COLUMN email_verified_at BIGINT;

-- When the person last proved a factor in this session.
ALTER TABLE web_sessions ADD COLUMN stepped_up_at BIGINT;

-- An authenticator app. The secret lies in `secrets`; it counts only once a code of it was given.
CREATE TABLE totp (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    -- The browser session that is setting it up.
    session_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    -- The latest time step whose code was accepted: it and all before it are used up.
    last_step BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    failed_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    code_hash TEXT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    credential_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- Public key and what else the library needs to check a signature.
    credential TEXT NOT NULL,
    counter BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_user ON passkeys (user_id, created_at);

-- What the server remembers between the two halves of a passkey's use. Taken out by its second half.
CREATE TABLE ceremonies (
    id_hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('register', 'login', 'step_up')),
    -- Both empty where nobody is signed in yet.
    user_id TEXT NOT NULL,
    session_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX ceremonies_expiry ON ceremonies (expires_at);

-- Links in letters, by the hash of their secret part.
CREATE TABLE mail_tokens (
    token_hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('reset', 'verify', 'email')),
    user_id TEXT NOT NULL REFERENCES users (id),
    -- The address that the link was sent to.
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, kind);
CREATE INDEX mail_tokens_expiry ON mail_tokens (expires_at);
