package provider_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/gateway"
)

// directory answers as it is told.
type directory func(ctx context.Context, uid string) (string, error)

func (d directory) Email(ctx context.Context, uid string) (string, error) { return d(ctx, uid) }

// TestDeliverAsksTheDirectory: which source gave the address, or what each
// said, stands with the delivery.
func TestDeliverAsksTheDirectory(t *testing.T) {
	t.Parallel()
	without := strings.Replace(fmt.Sprintf(oneOnOne, ""), `"email":"mira@example.org",`, "", 1)
	says := func(email string, err error) directory {
		return func(context.Context, string) (string, error) { return email, err }
	}
	fault := &address.DirectoryError{Target: "people.example.org", Status: 503, Err: errors.New("answered 503")}

	t.Run("found", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.book.Directory = directory(func(_ context.Context, uid string) (string, error) { return uid + "@example.org", nil })
		o := h.provider.Handle(t.Context(), h.claim(t, without))
		if o.State != outbox.Sent || o.Attempt.Target != "Mira-17@example.org" || o.Detail != "address from the directory" {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("found, and refused", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.book.Directory = says("gone@example.org", nil)
		h.gateway.next = []error{&gateway.Error{Fault: gateway.FaultPermanent, Step: "RCPT TO", Code: 550, Text: "5.1.1 no such user"}}
		o := h.provider.Handle(t.Context(), h.claim(t, without))
		if o.State != outbox.Failed || !strings.HasSuffix(o.Detail, "no such user (address from the directory)") {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("the notification's own", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.book.Directory = directory(func(context.Context, string) (string, error) {
			t.Error("the directory was asked")
			return "", fault
		})
		if o := h.provider.Handle(t.Context(), h.claim(t, fmt.Sprintf(oneOnOne, ""))); o.State != outbox.Sent || o.Detail != "" {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.book.Directory = says("", &address.NoneError{Said: "the directory answered 404 Not Found"})
		o := h.provider.Handle(t.Context(), h.claim(t, without))
		const want = "the notification carries no address, the contacts hold none, the directory answered 404 Not Found"
		if o.State != outbox.Skipped || o.Reason != string(chat.ReasonMissingEmail) || o.Detail != want || o.Attempt != nil {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("nonsense", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.book.Directory = says("mira at home", nil)
		o := h.provider.Handle(t.Context(), h.claim(t, without))
		if o.State != outbox.Skipped || o.Reason != string(chat.ReasonInvalidEmail) || !strings.Contains(o.Detail, "from the directory") {
			t.Errorf("outcome %+v", o)
		}
	})
	t.Run("fails", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.book.Directory = says("", fault)
		d := h.claim(t, without)
		for tries, pause := range []time.Duration{time.Minute, time.Hour} {
			d.Tries = tries
			o := h.provider.Handle(t.Context(), d)
			if o.State != outbox.Pending || o.After != pause || o.Detail != "directory: answered 503" {
				t.Errorf("try %d: %+v", tries+1, o)
			}
			if a := o.Attempt; a == nil || a.Gateway != "directory" || a.Target != "people.example.org" || a.Code != 503 || a.Result != outbox.ResultTemporary {
				t.Errorf("try %d: attempt %+v", tries+1, a)
			}
		}
		d.Tries = 0
		asks := *fault
		for _, test := range []struct{ retryAfter, want time.Duration }{{time.Second, time.Minute}, {10 * time.Minute, 10 * time.Minute}} {
			asks.RetryAfter = test.retryAfter
			h.book.Directory = says("", &asks)
			if o := h.provider.Handle(t.Context(), d); o.State != outbox.Pending || o.After != test.want {
				t.Errorf("not to be asked for %v: %+v", test.retryAfter, o)
			}
		}
		d.Tries = 2
		if o := h.provider.Handle(t.Context(), d); o.State != outbox.Failed || o.Reason != string(chat.ReasonRetriesExhausted) {
			t.Errorf("at the end of the schedule: %+v", o)
		}
		if h.gate.Paused() {
			t.Error("the directory paused the gateway")
		}
	})
	t.Run("stopping", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, "")
		h.book.Directory = directory(func(ctx context.Context, _ string) (string, error) { return "", ctx.Err() })
		d := h.claim(t, without)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if o := h.provider.Handle(ctx, d); o.State != outbox.Pending || o.Attempt != nil || o.After != 0 {
			t.Errorf("outcome %+v", o)
		}
	})
}
