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

-- The words of each mail, by its arrival. Weights are the fields: A subject,
-- B sender, C recipients, D text.
CREATE TABLE mailbox_index (
    arrival BIGINT   NOT NULL PRIMARY KEY,
    words   tsvector NOT NULL
);
INSERT INTO mailbox_index (arrival, words)
    SELECT arrival, setweight(to_tsvector('simple', regexp_replace(subject, '[^[:alnum:]]+', ' ', 'g')), 'A')
        || setweight(to_tsvector('simple', regexp_replace(sender, '[^[:alnum:]]+', ' ', 'g')), 'B')
        || setweight(to_tsvector('simple', regexp_replace(recipients, '[^[:alnum:]]+', ' ', 'g')), 'C')
    FROM mailbox_messages;
CREATE INDEX mailbox_index_words ON mailbox_index USING gin (words);
