-- +goose Up
CREATE TABLE credentials (
    app        TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    username   TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app, name)
);

CREATE TABLE contacts (
    app        TEXT   NOT NULL,
    uid        TEXT COLLATE "C" NOT NULL,
    email      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (app, uid)
);
