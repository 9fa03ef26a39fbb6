-- +goose Up
-- The apps besides the default one, whose id and region the configuration says.
-- What is theirs is kept under the key, which nobody sees.
CREATE TABLE apps (
    key        TEXT   NOT NULL PRIMARY KEY,
    id         TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX apps_id ON apps (lower(id));
