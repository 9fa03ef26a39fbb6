-- +goose Up
-- What is claimed and settled is kept narrow: payloads stand apart, so that a
-- change of state does not rewrite them.
CREATE TABLE deliveries (
    id           TEXT   NOT NULL PRIMARY KEY,
    app          TEXT   NOT NULL,
    lane         TEXT   NOT NULL,
    recipient    TEXT   NOT NULL,
    conversation TEXT   NOT NULL,
    origin       TEXT   NOT NULL,
    replays      TEXT   NOT NULL DEFAULT '',
    state        TEXT   NOT NULL DEFAULT 'pending',
    reason       TEXT   NOT NULL DEFAULT '',
    detail       TEXT   NOT NULL DEFAULT '',
    attempts     BIGINT NOT NULL DEFAULT 0,
    tries        BIGINT NOT NULL DEFAULT 0,
    claim        BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    armed_at     BIGINT NOT NULL,
    next_at      BIGINT NOT NULL,
    lease_until  BIGINT NOT NULL DEFAULT 0,
    settled_at   BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (lane, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_leased ON deliveries (lane, lease_until) WHERE state = 'in_hand';
CREATE INDEX deliveries_unsent ON deliveries (state, id) WHERE state IN ('failed', 'skipped', 'cancelled');

CREATE TABLE payloads (
    delivery_id TEXT NOT NULL PRIMARY KEY,
    body        BLOB NOT NULL
);

CREATE TABLE attempts (
    delivery_id TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    duration_us BIGINT NOT NULL,
    gateway     TEXT   NOT NULL,
    target      TEXT   NOT NULL,
    result      TEXT   NOT NULL,
    code        BIGINT NOT NULL,
    reply       TEXT   NOT NULL,
    PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;

CREATE TABLE dedupe (
    key         BLOB   NOT NULL PRIMARY KEY,
    delivery_id TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX dedupe_expiry ON dedupe (expires_at);

-- One row that is written to see whether writing works.
CREATE TABLE probe (
    id         BIGINT NOT NULL PRIMARY KEY,
    written_at BIGINT NOT NULL
);
