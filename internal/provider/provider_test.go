package provider_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/notification"
)

// scripted is a gateway that answers as it is told.
type scripted struct {
	mu    sync.Mutex
	next  []error
	mails []gateway.Mail
}

func (*scripted) Name() string { return "scripted" }

func (g *scripted) Send(_ context.Context, m gateway.Mail) (gateway.Reply, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.next) > 0 {
		err := g.next[0]
		g.next = g.next[1:]
		if err != nil {
			return gateway.Reply{}, err
		}
	}
	g.mails = append(g.mails, m)
	return gateway.Reply{Code: 250, Text: "taken"}, nil
}

// house is a provider on a real store, with a clock of its own.
type house struct {
	provider *provider.Provider
	store    *store.Store
	gateway  *scripted
	gate     *gateway.Gate
	book     *address.Book

	brand      render.Brand
	zone       *time.Location
	lookupFail error

	appID string // the only one that is taken; empty: all

	mu  sync.Mutex
	now time.Time
}

func (h *house) brandOf(context.Context, string) (render.Brand, error) { return h.brand, h.lookupFail }

func (h *house) zoneOf(context.Context, string, string) (*time.Location, error) {
	return h.zone, h.lookupFail
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func newHouse(t *testing.T, appID string) *house {
	t.Helper()
	h := &house{appID: appID, gateway: &scripted{}, now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	logger := slog.New(slog.DiscardHandler)
	var err error
	h.store, err = store.Open(t.Context(), store.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), Exclusive: true, Clock: h.clock, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	renderer := render.New(render.Config{From: mail.Address{Name: "Acme", Address: "chat@example.com"}})
	h.book = &address.Book{Contacts: h.store}
	h.gate = gateway.NewGate("scripted", h.clock, logger)
	h.provider = provider.New(provider.Config{
		Outbox: h.store, Book: h.book, Render: renderer,
		Gateway: h.gateway, Gate: h.gate, Brand: h.brandOf, Zone: h.zoneOf,
		MaxAge: 72 * time.Hour, Retries: outbox.Schedule{time.Minute, time.Hour},
		Clock: h.clock, Random: func() float64 { return 0.5 }, Logger: logger,
	})
	return h
}

const oneOnOne = `{"trigger":"email-notification-payload-generated","data":{"to":{"uid":"Mira-17","email":"mira@example.org","name":"Mira"},
"messages":[{"sender":{"uid":"otto-4","name":"Otto"},"message":"Seed order arrived"%s}],
"senderDetails":{"uid":"otto-4","name":"Otto"},"subject":"New messages from Otto"},"appId":"app1","region":"eu","webhook":"custom"}`

func request(t *testing.T, body, webhookID string) *notification.Request {
	t.Helper()
	n, err := notification.Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return &notification.Request{Notification: n, Body: []byte(body), WebhookID: webhookID}
}

// accept gives a request to the default app.
func (h *house) accept(t *testing.T, r *notification.Request) error {
	return h.provider.Accept(t.Context(), "default", r, func(id string) (bool, error) { return h.appID == "" || id == h.appID, nil })
}

// accepted returns how many deliveries there are after a request.
func (h *house) accepted(t *testing.T, body, webhookID string) int {
	t.Helper()
	if err := h.accept(t, request(t, body, webhookID)); err != nil {
		t.Fatal(err)
	}
	all, err := h.store.List(t.Context(), outbox.Filter{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestAcceptStoresTheNotification(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	body := fmt.Sprintf(oneOnOne, "")
	if n := h.accepted(t, body, "msg_1"); n != 1 {
		t.Fatalf("%d deliveries", n)
	}
	all, _ := h.store.List(t.Context(), outbox.Filter{}, 1)
	d, payload, err := h.store.Get(t.Context(), all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if string(payload) != body {
		t.Error("the payload is not what was posted")
	}
	if d.Recipient != "mira-17" || d.Conversation != "user:otto-4" || d.Origin != "msg_1" || d.State != outbox.Pending || d.Lane != outbox.LaneMail {
		t.Errorf("stored as %+v", d)
	}
}

func TestAcceptRefusesOtherApps(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "app2")
	err := h.accept(t, request(t, fmt.Sprintf(oneOnOne, ""), ""))
	if !errors.Is(err, notification.ErrForbidden) {
		t.Errorf("got %v", err)
	}
}

func TestDuplicatesByContent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	body := fmt.Sprintf(oneOnOne, "")
	h.accepted(t, body, "")
	h.advance(54 * time.Second)
	if n := h.accepted(t, body, ""); n != 1 {
		t.Errorf("the same content within 55 s: %d deliveries", n)
	}
	if n := h.accepted(t, strings.Replace(body, "order", "box", 1), ""); n != 2 {
		t.Errorf("another text: %d deliveries", n)
	}
	if n := h.accepted(t, strings.Replace(body, "Mira-17", "Lena-2", 1), ""); n != 3 {
		t.Errorf("another recipient: %d deliveries", n)
	}
	if n := h.accepted(t, strings.Replace(body, "mira-17", "MIRA-17", 1), ""); n != 3 {
		t.Errorf("the same recipient in other letters: %d deliveries", n)
	}
	if n := h.accepted(t, strings.Replace(body, `"senderDetails":{"uid":"otto-4"`, `"senderDetails":{"uid":"otto-5"`, 1), ""); n != 4 {
		t.Errorf("another conversation: %d deliveries", n)
	}
	h.advance(time.Second)
	if n := h.accepted(t, body, ""); n != 5 {
		t.Errorf("the same content after 55 s: %d deliveries", n)
	}
}

func TestDuplicatesByMessageID(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	with := func(object string) string { return fmt.Sprintf(oneOnOne, `,"messageObject":`+object) }
	h.accepted(t, with(`{"id":"8841"}`), "")
	h.advance(23 * time.Hour)
	if n := h.accepted(t, strings.Replace(with(`{"id":"8841"}`), "order", "box", 1), ""); n != 1 {
		t.Errorf("the same message ids within a day: %d deliveries", n)
	}
	if n := h.accepted(t, with(`{"id":"8842"}`), ""); n != 2 {
		t.Errorf("another message: %d deliveries", n)
	}
	if n := h.accepted(t, with(`{"id":"8841","editedAt":1890000001}`), ""); n != 3 {
		t.Errorf("the message edited: %d deliveries", n)
	}
	h.advance(2 * time.Hour)
	if n := h.accepted(t, with(`{"id":"8841"}`), ""); n != 4 {
		t.Errorf("the same message ids after a day: %d deliveries", n)
	}
}

func TestDuplicatesByWebhookID(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	body := fmt.Sprintf(oneOnOne, `,"messageObject":{"id":"8841"}`)
	h.accepted(t, body, "msg_1")
	h.advance(7 * 24 * time.Hour)
	if n := h.accepted(t, strings.Replace(body, "order", "box", 1), "msg_1"); n != 1 {
		t.Errorf("the same webhook-id: %d deliveries", n)
	}
	if n := h.accepted(t, body, "msg_2"); n != 2 {
		t.Errorf("another webhook-id, which alone decides: %d deliveries", n)
	}
	if n := h.accepted(t, strings.Replace(body, "Mira-17", "Lena-2", 1), "msg_1"); n != 3 {
		t.Errorf("the same webhook-id for somebody else: %d deliveries", n)
	}
	h.advance(25 * time.Hour)
	if n := h.accepted(t, body, "msg_1"); n != 4 {
		t.Errorf("the same webhook-id after eight days: %d deliveries", n)
	}
}

// claim accepts a notification and returns it as a worker gets it.
func (h *house) claim(t *testing.T, body string) outbox.Claimed {
	t.Helper()
	h.accepted(t, body, "")
	claimed, err := h.store.Claim(t.Context(), outbox.LaneMail, 10, time.Minute)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	return claimed[0]
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	d := h.claim(t, fmt.Sprintf(oneOnOne, ""))
	o := h.provider.Handle(t.Context(), d)
	if o.State != outbox.Sent || o.Attempt == nil || o.Attempt.Code != 250 || o.Attempt.Gateway != "scripted" || o.Attempt.Target != "mira@example.org" {
		t.Fatalf("outcome %+v, attempt %+v", o, o.Attempt)
	}
	m := h.gateway.mails[0]
	if m.From != "chat@example.com" || m.To != "mira@example.org" || !strings.Contains(string(m.Data), "Message-Id: <"+d.ID+"@example.com>") {
		t.Errorf("mail from %s to %s:\n%s", m.From, m.To, m.Data)
	}
	// The same delivery after a crash is the same mail, to the byte.
	h.advance(time.Hour)
	h.provider.Handle(t.Context(), d)
	if string(h.gateway.mails[1].Data) != string(m.Data) {
		t.Error("the mail sent again differs")
	}
}

// What a mail needs besides its payload: the brand of the moment, the thread,
// and the recipient's time.
func TestDeliverLooksUpWhatTheMailNeeds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	h.brand, h.zone = render.Brand{Name: "Acme Gardens"}, time.FixedZone("CET", 3600)
	d := h.claim(t, fmt.Sprintf(oneOnOne, `,"messageObject":{"id":"1","sentAt":1769856000}`))
	h.lookupFail = errors.New("database locked")
	if o := h.provider.Handle(t.Context(), d); o.State != outbox.Pending || o.Attempt != nil || o.After == 0 {
		t.Errorf("while nothing can be looked up: %+v", o)
	}
	h.lookupFail = nil
	if o := h.provider.Handle(t.Context(), d); o.State != outbox.Sent {
		t.Fatalf("outcome %+v", o)
	}
	first := string(h.gateway.mails[0].Data)
	for _, want := range []string{"Acme Gardens", "Otto (31 Jan, 11:40 CET):", "\r\nReferences: <thread-"} {
		if !strings.Contains(first, want) {
			t.Errorf("the mail lacks %q:\n%s", want, first)
		}
	}
	h.brand.Name = "Renamed"
	h.provider.Handle(t.Context(), d)
	if !strings.Contains(string(h.gateway.mails[1].Data), "Renamed") {
		t.Error("the brand stays what it was")
	}
}

func TestDeliverFindsTheAddress(t *testing.T) {
	t.Parallel()
	without := strings.Replace(fmt.Sprintf(oneOnOne, ""), `"email":"mira@example.org",`, "", 1)
	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		d := h.claim(t, without)
		if o := h.provider.Handle(t.Context(), d); o.State != outbox.Skipped || o.Reason != string(chat.ReasonMissingEmail) || o.Attempt != nil {
			t.Errorf("outcome %+v", o)
		}
		if err := h.store.SetContacts(t.Context(), "default", []address.Contact{{UID: "mira-17", Email: "stored@example.org"}}); err != nil {
			t.Fatal(err)
		}
		if o := h.provider.Handle(t.Context(), d); o.State != outbox.Sent || o.Attempt.Target != "stored@example.org" {
			t.Errorf("once it is known: %+v", o)
		}
	})
	t.Run("not an address", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		d := h.claim(t, strings.Replace(fmt.Sprintf(oneOnOne, ""), "mira@example.org", "mira at home", 1))
		if o := h.provider.Handle(t.Context(), d); o.State != outbox.Skipped || o.Reason != string(chat.ReasonInvalidEmail) || o.Detail == "" {
			t.Errorf("outcome %+v", o)
		}
	})
}

func TestDeliverFailures(t *testing.T) {
	t.Parallel()
	temporary := &gateway.Error{Fault: gateway.FaultTemporary, Step: "RCPT TO", Code: 450, Text: "4.2.0 later"}
	permanent := &gateway.Error{Fault: gateway.FaultPermanent, Step: "RCPT TO", Code: 550, Text: "5.1.1 no such user"}
	unusable := &gateway.Error{Fault: gateway.FaultGateway, Step: "connect", Err: errors.New("connection refused")}

	t.Run("temporary", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		d := h.claim(t, fmt.Sprintf(oneOnOne, ""))
		h.gateway.next = []error{temporary, temporary, temporary}
		for tries, pause := range []time.Duration{time.Minute, time.Hour} {
			d.Tries = tries
			if o := h.provider.Handle(t.Context(), d); o.State != outbox.Pending || o.After != pause || o.Attempt == nil || o.Attempt.Code != 450 {
				t.Errorf("try %d: %+v", tries+1, o)
			}
		}
		d.Tries = 2
		if o := h.provider.Handle(t.Context(), d); o.State != outbox.Failed || o.Reason != string(chat.ReasonRetriesExhausted) || o.Attempt == nil {
			t.Errorf("at the end of the schedule: %+v", o)
		}
	})
	t.Run("permanent", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.gateway.next = []error{permanent}
		o := h.provider.Handle(t.Context(), h.claim(t, fmt.Sprintf(oneOnOne, "")))
		if o.State != outbox.Failed || o.Reason != string(chat.ReasonRejected) || o.Attempt.Result != outbox.ResultRefused || !strings.Contains(o.Detail, "no such user") {
			t.Errorf("outcome %+v", o)
		}
		if h.gate.Paused() {
			t.Error("a refused mail paused the gateway")
		}
	})
	t.Run("gateway", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.gateway.next = []error{unusable}
		o := h.provider.Handle(t.Context(), h.claim(t, fmt.Sprintf(oneOnOne, "")))
		if o.State != outbox.Pending || o.Attempt != nil {
			t.Errorf("a fault of the gateway counts as an attempt: %+v", o)
		}
		if !h.gate.Paused() {
			t.Error("the gateway is not paused")
		}
	})
	t.Run("too old", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		d := h.claim(t, fmt.Sprintf(oneOnOne, ""))
		h.advance(72*time.Hour + time.Second)
		if o := h.provider.Handle(t.Context(), d); o.State != outbox.Skipped || o.Reason != string(chat.ReasonExpired) {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("stopping", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		d := h.claim(t, fmt.Sprintf(oneOnOne, ""))
		h.gateway.next = []error{context.Canceled}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if o := h.provider.Handle(ctx, d); o.State != outbox.Pending || o.Attempt != nil {
			t.Errorf("outcome %+v", o)
		}
		if h.gate.Paused() {
			t.Error("stopping paused the gateway")
		}
	})
}
