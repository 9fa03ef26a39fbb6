-- +goose Up
-- Who is deleted for good is forgotten by those who have blocked them.
CREATE INDEX blocks_blocked ON blocks (app, blocked);

-- The one-on-one conversations of somebody whose id is the larger one of the
-- two. Those of the smaller begin with it.
CREATE INDEX conversations_larger ON conversations (app, substr(id, strpos(id, chr(31)) + 1));
