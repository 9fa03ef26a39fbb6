-- +goose Up
CREATE TABLE credentials (
    app        TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    username   TEXT   NOT NULL,
    sealed     BLOB   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app, name)
) WITHOUT ROWID;

CREATE TABLE contacts (
    app        TEXT   NOT NULL,
    uid        TEXT   NOT NULL,
    email      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (app, uid)
) WITHOUT ROWID;
