-- +goose Up
CREATE TABLE mailbox_messages (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    received_at BIGINT NOT NULL,
    sender      TEXT   NOT NULL,
    recipients  TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    size        BIGINT NOT NULL,
    raw         BYTEA  NOT NULL
);
