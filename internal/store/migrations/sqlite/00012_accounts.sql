-- +goose Up
-- The people of the dashboard.
CREATE TABLE accounts (
    name       TEXT    NOT NULL PRIMARY KEY,
    role       TEXT    NOT NULL,
    hash       BLOB    NOT NULL,
    first      INTEGER NOT NULL,
    created_at BIGINT  NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    hash       BLOB   NOT NULL PRIMARY KEY,
    id         TEXT   NOT NULL,
    account    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address    TEXT   NOT NULL,
    agent      TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account, seen_at);
CREATE INDEX sessions_expired ON sessions (expires_at);

-- What a link stands for that works once.
CREATE TABLE tickets (
    hash       BLOB   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL,
    account    TEXT   NOT NULL UNIQUE,
    role       TEXT   NOT NULL,
    created_by TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

-- Who changed what.
CREATE TABLE audit (
    id      TEXT   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    account TEXT   NOT NULL,
    address TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    detail  TEXT   NOT NULL
) WITHOUT ROWID;
