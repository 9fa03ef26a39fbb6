-- +goose Up
-- Who signs in to an account through OpenID Connect: nobody else does. Both are
-- empty where nobody has.
ALTER TABLE accounts ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN subject TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX accounts_identity ON accounts (issuer, subject) WHERE subject <> '';
