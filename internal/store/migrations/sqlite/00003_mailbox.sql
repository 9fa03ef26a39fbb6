-- +goose Up
CREATE TABLE mailbox_messages (
    id          TEXT   NOT NULL PRIMARY KEY,
    received_at BIGINT NOT NULL,
    sender      TEXT   NOT NULL,
    recipients  TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    size        BIGINT NOT NULL,
    raw         BLOB   NOT NULL
);
