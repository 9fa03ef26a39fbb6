-- +goose Up
-- apart is how far an entry's id is from when its newest message was sent: 0 is
-- not far; see lags in notification_way.go.
ALTER TABLE notices ADD COLUMN apart BIGINT NOT NULL DEFAULT 0;
UPDATE notices SET apart = 5 WHERE EXISTS (SELECT 1 FROM deliveries WHERE id = delivery_id
    AND (created_at - sent_at > 10800000 OR sent_at - created_at > 3600000));
CREATE INDEX notices_apart ON notices (app, apart, delivery_id) WHERE apart > 0;

-- A page of the log is read along an index that has its entries in their order.
-- One for each filter that can be about few of them; where nearly all are alike,
-- such as texts, only what is not.
DROP INDEX notices_conversation;
CREATE INDEX notices_groups ON notices (app, conversation, delivery_id) WHERE substr(conversation, 1, 1) = 'g';
CREATE INDEX notices_people ON notices (app, uid, substr(conversation, 1, 1), delivery_id);
CREATE INDEX notices_senders ON notices (app, sender, delivery_id);
CREATE INDEX notices_kinds ON notices (app, substr(conversation, 1, 1), delivery_id);
CREATE INDEX notices_types ON notices (app, message_type, delivery_id) WHERE message_type <> 'text';
CREATE INDEX notices_categories ON notices (app, category, delivery_id) WHERE category <> 'message';
CREATE INDEX deliveries_reasons ON deliveries (reason, id) WHERE reason <> '';
CREATE INDEX deliveries_troubled ON deliveries (app, id) WHERE lane = 'call' AND state <> 'sent' AND (attempts > 0 OR state = 'failed');
CREATE INDEX deliveries_refused ON deliveries (app, id) WHERE lane = 'call' AND state = 'skipped' AND attempts = 0 AND reason <> 'READ';
CREATE INDEX deliveries_sendgrid ON deliveries (app, id) WHERE lane = 'call' AND provider = 'sendgrid';
