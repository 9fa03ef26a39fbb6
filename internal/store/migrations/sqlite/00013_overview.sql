-- +goose Up
-- How many deliveries came to an end in an hour, counted since 1970: a few rows
-- for each transaction that ends some. Rows are only added here, so that nobody
-- waits for anybody else's count; from time to time they are folded into
-- tally_hours.
CREATE TABLE tallies (
    id     TEXT   NOT NULL PRIMARY KEY,
    app    TEXT   NOT NULL,
    hour   BIGINT NOT NULL,
    lane   TEXT   NOT NULL,
    state  TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    n      BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE tally_hours (
    hour   BIGINT NOT NULL,
    app    TEXT   NOT NULL,
    lane   TEXT   NOT NULL,
    state  TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (hour, app, lane, state, reason)
) WITHOUT ROWID;

-- What each rule said of the digest, and what it saw: see rule.Evidence.
ALTER TABLE notices ADD COLUMN evidence BLOB NOT NULL DEFAULT '';

-- Long work that people of the dashboard have ordered.
CREATE TABLE jobs (
    id         TEXT   NOT NULL PRIMARY KEY,
    app        TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    account    TEXT   NOT NULL,
    back       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    total      BIGINT NOT NULL,
    finished   BIGINT NOT NULL,
    refused    BIGINT NOT NULL,
    problems   BLOB   NOT NULL,
    note       TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    heard_at   BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL
) WITHOUT ROWID;
