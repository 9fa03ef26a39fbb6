-- +goose Up
-- How many members the chat says a group has, of whom not all need be known,
-- and when it said so by its own clock.
ALTER TABLE chat_groups ADD COLUMN told_members BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chat_groups ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;
