-- +goose Up
-- Who there is. made says whether the API made or changed the row: then what
-- events mention in passing no longer changes it.
CREATE TABLE users (
    app            TEXT   NOT NULL,
    uid            TEXT NOT NULL,
    name           TEXT   NOT NULL,
    avatar         TEXT   NOT NULL,
    link           TEXT   NOT NULL DEFAULT '',
    role           TEXT   NOT NULL DEFAULT '',
    status_message TEXT   NOT NULL DEFAULT '',
    metadata       BLOB   NOT NULL DEFAULT '',
    tags           BLOB   NOT NULL DEFAULT '',
    made           BIGINT NOT NULL DEFAULT 0,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL DEFAULT 0,
    deactivated_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, uid)
) WITHOUT ROWID;
CREATE INDEX users_newest ON users (app, created_at, uid);

CREATE TABLE chat_groups (
    app         TEXT   NOT NULL,
    guid        TEXT NOT NULL,
    name        TEXT   NOT NULL,
    icon        TEXT   NOT NULL,
    description TEXT   NOT NULL DEFAULT '',
    kind        TEXT   NOT NULL DEFAULT '',
    password    BLOB   NOT NULL DEFAULT '',
    owner       TEXT   NOT NULL DEFAULT '',
    metadata    BLOB   NOT NULL DEFAULT '',
    tags        BLOB   NOT NULL DEFAULT '',
    made        BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL DEFAULT 0,
    updated_by  TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (app, guid)
) WITHOUT ROWID;
CREATE INDEX chat_groups_newest ON chat_groups (app, created_at, guid);

-- Who left or was banned keeps a row: an old message of theirs that comes late
-- must not bring them back. since is the number of the conversation's last
-- message when they came: what was before is not for them.
CREATE TABLE members (
    app        TEXT   NOT NULL,
    guid       TEXT NOT NULL,
    uid        TEXT NOT NULL,
    scope      TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    since      BIGINT NOT NULL DEFAULT 0,
    joined_at  BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (app, guid, uid)
) WITHOUT ROWID;
CREATE INDEX members_groups ON members (app, uid, guid);

-- A block that ended keeps its row: what was sent meanwhile stays unseen.
CREATE TABLE blocks (
    app          TEXT   NOT NULL,
    uid          TEXT NOT NULL,
    blocked      TEXT NOT NULL,
    blocked_at   BIGINT NOT NULL,
    unblocked_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, uid, blocked)
) WITHOUT ROWID;

-- What people have set for themselves. interval_ms is that of choices, beside
-- them because a statement needs it.
CREATE TABLE preferences (
    app         TEXT   NOT NULL,
    uid         TEXT NOT NULL,
    choices     BLOB   NOT NULL DEFAULT '',
    timezone    TEXT   NOT NULL DEFAULT '',
    interval_ms BIGINT NOT NULL DEFAULT 0,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (app, uid)
) WITHOUT ROWID;

CREATE TABLE mutes (
    app   TEXT   NOT NULL,
    uid   TEXT NOT NULL,
    kind  TEXT   NOT NULL,
    id    TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (app, uid, kind, id)
) WITHOUT ROWID;

ALTER TABLE contacts ADD COLUMN phone TEXT NOT NULL DEFAULT '';

-- What an app has set: a name and what is kept under it, sealed where it holds
-- secrets.
CREATE TABLE settings (
    app        TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    body       BLOB   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (app, name)
) WITHOUT ROWID;

-- hash names a key without telling it; mask is what may be shown.
CREATE TABLE api_keys (
    app        TEXT   NOT NULL,
    hash       BLOB   NOT NULL PRIMARY KEY,
    mask       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    scope      TEXT   NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_names ON api_keys (app, name);

-- One row for each conversation gives its messages their numbers; whoever
-- decides about it locks the row.
CREATE TABLE conversations (
    app        TEXT   NOT NULL,
    id         TEXT NOT NULL,
    last       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (app, id)
) WITHOUT ROWID;

-- number is 0 while a message is held by moderation, and for what is known of
-- a message before itself: its deletion, or its edited form.
CREATE TABLE messages (
    app          TEXT   NOT NULL,
    id           TEXT NOT NULL,
    conversation TEXT NOT NULL,
    number       BIGINT NOT NULL,
    sender       TEXT   NOT NULL,
    category     TEXT   NOT NULL,
    type         TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    mentions     TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    sent_at      BIGINT NOT NULL,
    edited_at    BIGINT NOT NULL DEFAULT 0,
    arrived_at   BIGINT NOT NULL,
    body         BLOB   NOT NULL,
    PRIMARY KEY (app, id)
);
CREATE INDEX messages_numbers ON messages (app, conversation, number);
CREATE INDEX messages_age ON messages (arrived_at);

-- How far somebody has read: everything up to (sent_at, key).
CREATE TABLE marks (
    app          TEXT   NOT NULL,
    uid          TEXT NOT NULL,
    conversation TEXT NOT NULL,
    sent_at      BIGINT NOT NULL,
    key          TEXT NOT NULL,
    PRIMARY KEY (app, uid, conversation)
) WITHOUT ROWID;

-- The person has not been mailed about what came after number after. The key
-- keeps a group's windows together: a message opens many at one time.
CREATE TABLE windows (
    app          TEXT   NOT NULL,
    uid          TEXT NOT NULL,
    conversation TEXT NOT NULL,
    after        BIGINT NOT NULL,
    opened_at    BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    waits_for    TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (app, conversation, uid)
) WITHOUT ROWID;
CREATE INDEX windows_due ON windows (app, due_at);

-- Messages of large groups whose members' windows are not all open yet, and up
-- to which member they are.
CREATE TABLE fanouts (
    app          TEXT   NOT NULL,
    conversation TEXT NOT NULL,
    number       BIGINT NOT NULL,
    sender       TEXT   NOT NULL,
    cursor       TEXT NOT NULL,
    opened_at    BIGINT NOT NULL,
    due_in       BIGINT NOT NULL,
    speed        DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (app, conversation, number)
) WITHOUT ROWID;

-- How many mails somebody got on one of their days; conversation is '' for the
-- day as a whole. The day comes first in the key: old ones are deleted.
CREATE TABLE quotas (
    app          TEXT   NOT NULL,
    uid          TEXT NOT NULL,
    day          BIGINT NOT NULL,
    conversation TEXT NOT NULL,
    n            BIGINT NOT NULL,
    PRIMARY KEY (day, app, uid, conversation)
) WITHOUT ROWID;

-- What the log says of a delivery of the lane "call", beside what it says of
-- every delivery. digest is common to the calls of one digest to several
-- providers. refs are the messages in it; while reserved is 1 it counts
-- in the quotas of that day.
CREATE TABLE notices (
    delivery_id   TEXT NOT NULL PRIMARY KEY,
    app           TEXT   NOT NULL,
    digest        TEXT NOT NULL,
    conversation  TEXT NOT NULL,
    uid           TEXT NOT NULL,
    first         BIGINT NOT NULL,
    last          BIGINT NOT NULL,
    message_id    TEXT NOT NULL,
    message_type  TEXT   NOT NULL,
    category      TEXT   NOT NULL,
    sender        TEXT   NOT NULL,
    sent_at       BIGINT NOT NULL,
    refs          BLOB   NOT NULL,
    day           BIGINT NOT NULL,
    reserved      BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX notices_conversation ON notices (app, conversation, last);
-- The first call of a digest has its id, so that only the others, which are
-- few, have to be found.
CREATE INDEX notices_others ON notices (digest) WHERE digest <> delivery_id;

-- To which of an app's providers a call goes.
ALTER TABLE deliveries ADD COLUMN provider TEXT NOT NULL DEFAULT '';

-- Calls of one person and conversation that are not settled hold their window
-- back.
CREATE INDEX deliveries_calls ON deliveries (app, recipient, conversation) WHERE lane = 'call' AND state IN ('pending', 'in_hand');
