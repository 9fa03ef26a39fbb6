-- +goose Up
-- The latest time at which somebody is known to have been where state says, as
-- events said; 0 where they did not. By it changes are put in order that come in
-- another one. While it is not 0, joined_at is by the chat's clock too, and tells
-- what was sent before they came.
ALTER TABLE members ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;
