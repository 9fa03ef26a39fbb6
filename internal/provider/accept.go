package provider

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"time"

	"github.com/google/uuid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/notification"
)

// How long a repeated notification is recognised. A webhook-id is remembered
// beyond any caller's retries, message ids for a day. Without either only the
// content is left: two honest digests of one conversation are at least a
// minute apart, CometChat's repetitions at most 40 seconds (F096).
const (
	rememberWebhookID  = 8 * 24 * time.Hour
	rememberMessageIDs = 24 * time.Hour
	rememberContent    = 55 * time.Second
)

// Accept stores a notification for the app that is kept under a name. takes says
// which appIds are its own. When it returns nil the notification is on disk, or
// was before: it will be delivered or accounted for.
func (p *Provider) Accept(ctx context.Context, app string, r *notification.Request, takes func(appID string) (bool, error)) error {
	p.accepting.Add(1)
	defer p.accepting.Add(-1)
	n := r.Notification
	ours, err := takes(n.AppID)
	if err != nil {
		return fmt.Errorf("find the app: %w", err)
	}
	if !ours {
		return fmt.Errorf("%w: the endpoint serves another appId", notification.ErrForbidden)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make delivery id: %w", err)
	}
	now := p.cfg.Clock()
	key, remember := dedupeKey(app, r)
	result, err := p.cfg.Outbox.Put(ctx, outbox.Entry{
		ID:           id.String(),
		App:          app,
		Lane:         outbox.LaneMail,
		Recipient:    chat.NormalizeUID(n.Data.To.UID),
		Conversation: conversation(n),
		Origin:       clip(r.WebhookID, maxOrigin),
		Payload:      r.Body,
		CreatedAt:    now,
		NextAt:       now,
		DedupeKey:    key,
		DedupeUntil:  now.Add(remember),
	})
	if err != nil {
		return err
	}
	if result.Duplicate {
		p.cfg.Logger.Info("duplicate notification; not sent again", "delivery", result.ID)
	}
	if p.cfg.OnAccept != nil {
		p.cfg.OnAccept(result.Duplicate)
	}
	return nil
}

// Bounds of what is kept in columns of its own. Longer values are cut there;
// the payload keeps them whole.
const (
	maxOrigin       = 255
	maxConversation = 255
)

func conversation(n *notification.Notification) string {
	if g := n.Data.GroupDetails; g != nil {
		return clip("group:"+chat.NormalizeUID(g.GUID), maxConversation)
	}
	return clip("user:"+chat.NormalizeUID(n.Data.SenderDetails.UID), maxConversation)
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// dedupeKey names what makes a notification the same as another for one app,
// recipient and conversation, and how long it is to be remembered.
func dedupeKey(app string, r *notification.Request) ([]byte, time.Duration) {
	d := digest{sha256.New()}
	n := r.Notification
	d.add(app, n.AppID, chat.NormalizeUID(n.Data.To.UID), conversation(n))
	if r.WebhookID != "" {
		d.add("webhook-id", r.WebhookID)
		return d.sum(), rememberWebhookID
	}
	if versions, ok := messageVersions(n.Data.Messages); ok {
		d.add("message-ids")
		d.add(versions...)
		return d.sum(), rememberMessageIDs
	}
	d.add("content", n.Data.Subject)
	for i := range n.Data.Messages {
		m := &n.Data.Messages[i]
		d.add(m.Sender.UID, m.Sender.Name, m.Text)
	}
	return d.sum(), rememberContent
}

// messageVersions returns id and edit time of every message; it is false
// unless all of them carry a message object with an id.
func messageVersions(messages []notification.Message) ([]string, bool) {
	versions := make([]string, 0, 2*len(messages))
	for i := range messages {
		// An id is a string in payloads and a number in some documents.
		var object struct {
			ID       json.RawMessage `json:"id"`
			EditedAt json.RawMessage `json:"editedAt"`
		}
		if len(messages[i].Object) == 0 || json.Unmarshal(messages[i].Object, &object) != nil ||
			len(object.ID) == 0 || string(object.ID) == "null" {
			return nil, false
		}
		versions = append(versions, string(object.ID), string(object.EditedAt))
	}
	return versions, true
}

// digest hashes a list of strings so that no other list has the same hash.
type digest struct{ hash.Hash }

func (d digest) add(parts ...string) {
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		d.Write(length[:])
		d.Write([]byte(part))
	}
}

func (d digest) sum() []byte { return d.Sum(nil)[:16] }
