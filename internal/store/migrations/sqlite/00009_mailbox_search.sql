-- +goose Up
-- Mails are numbered in the order in which they are kept. The one row of the
-- mailbox's state is locked while it gives numbers out, so that they become
-- visible in order: who has seen number n has seen all before.
CREATE TABLE mailbox_state (
    id           BIGINT NOT NULL PRIMARY KEY,
    last_arrival BIGINT NOT NULL,
    kept         BIGINT NOT NULL,
    temporary    BIGINT NOT NULL DEFAULT 0,
    permanent    BIGINT NOT NULL DEFAULT 0,
    slow         BIGINT NOT NULL DEFAULT 0,
    delay_ms     BIGINT NOT NULL DEFAULT 0
);
INSERT INTO mailbox_state (id, last_arrival, kept) SELECT 1, COUNT(*), COUNT(*) FROM mailbox_messages;

ALTER TABLE mailbox_messages ADD COLUMN arrival BIGINT NOT NULL DEFAULT 0;
UPDATE mailbox_messages SET arrival = numbered.number
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS number FROM mailbox_messages) AS numbered
    WHERE mailbox_messages.id = numbered.id;
CREATE UNIQUE INDEX mailbox_messages_arrival ON mailbox_messages (arrival);

-- The words of each mail, by its arrival. What is put in is in words already:
-- the tokenizer only separates them. Beginnings of two and three letters, of
-- which many words have the same, are indexed like words.
CREATE VIRTUAL TABLE mailbox_index USING fts5 (
    subject, sender, recipients, body, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '2 3'
);
INSERT INTO mailbox_index (rowid, subject, sender, recipients, body)
    SELECT arrival, subject, sender, recipients, '' FROM mailbox_messages;
