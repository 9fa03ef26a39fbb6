package mailbox_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/store"
)

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "postrider.db"), Exclusive: true, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mailOf(id string) gateway.Mail {
	return gateway.Mail{
		ID: id, From: "chat@example.com", To: "mira@example.com",
		Data: []byte("From: Chat <chat@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello Mira\r\n"),
	}
}

func TestFaultsAreShares(t *testing.T) {
	t.Parallel()
	s := open(t)
	random := rand.New(rand.NewPCG(1, 2))
	box := &mailbox.Gateway{Store: s, Keep: 10, Clock: time.Now, Random: random.Float64}
	if err := s.SetFaults(t.Context(), mailbox.Faults{Temporary: 30, Permanent: 20}); err != nil {
		t.Fatal(err)
	}
	const n = 2000
	counts := make(map[int]int)
	for range n {
		reply, err := box.Send(t.Context(), mailOf("0193"))
		code := reply.Code
		var failure *gateway.Error
		if errors.As(err, &failure) {
			code = failure.Code
			if want := map[int]gateway.Fault{451: gateway.FaultTemporary, 554: gateway.FaultPermanent}[code]; failure.Fault != want || failure.Enhanced == "" {
				t.Fatalf("code %d is %+v", code, failure)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		counts[code]++
	}
	for code, share := range map[int]float64{451: 0.3, 554: 0.2, 250: 0.5} {
		if got := float64(counts[code]) / n; got < share-0.05 || got > share+0.05 {
			t.Errorf("a share of %.2f was answered %d, want %.2f", got, code, share)
		}
	}
}

func TestFaultsHundredPercent(t *testing.T) {
	t.Parallel()
	s := open(t)
	draw := 0.0
	box := &mailbox.Gateway{Store: s, Clock: time.Now, Random: func() float64 { return draw }}
	send := func() int {
		t.Helper()
		reply, err := box.Send(t.Context(), mailOf("0193"))
		var failure *gateway.Error
		if errors.As(err, &failure) {
			return failure.Code
		}
		return reply.Code
	}
	for _, c := range []struct {
		faults mailbox.Faults
		draw   float64
		want   int
	}{
		{mailbox.Faults{Temporary: 100}, 0.999999, 451},
		{mailbox.Faults{Permanent: 100}, 0.999999, 554},
		{mailbox.Faults{Permanent: 100}, 0, 554},
		{mailbox.Faults{Temporary: 1}, 0.0099, 451},
		{mailbox.Faults{Temporary: 1}, 0.01, 250},
		{mailbox.Faults{}, 0, 250},
	} {
		if err := s.SetFaults(t.Context(), c.faults); err != nil {
			t.Fatal(err)
		}
		draw = c.draw
		if got := send(); got != c.want {
			t.Errorf("%+v, drawn %v: %d, want %d", c.faults, c.draw, got, c.want)
		}
	}
}

func TestSlowMails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		box := &mailbox.Gateway{Store: s, Clock: time.Now, Random: func() float64 { return 0.4 }}
		if err := s.SetFaults(t.Context(), mailbox.Faults{Slow: 50, Delay: 7 * time.Second}); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if _, err := box.Send(t.Context(), mailOf("0193")); err != nil || time.Since(started) < 7*time.Second {
			t.Errorf("answered after %v, %v", time.Since(started), err)
		}
		// A stop does not wait for it, and is no verdict on the mail.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started = time.Now()
		_, err := box.Send(ctx, mailOf("0194"))
		var failure *gateway.Error
		if !errors.As(err, &failure) || failure.Code != 0 || time.Since(started) > 2*time.Second {
			t.Errorf("after %v: %v", time.Since(started), err)
		}
		if err := s.SetFaults(t.Context(), mailbox.Faults{Slow: 40, Delay: 7 * time.Second}); err != nil {
			t.Fatal(err)
		}
		started = time.Now()
		if _, err := box.Send(t.Context(), mailOf("0195")); err != nil || time.Since(started) > time.Second {
			t.Errorf("not drawn: answered after %v, %v", time.Since(started), err)
		}
	})
}

type taking struct{}

func (taking) Name() string { return "smtp" }

func (taking) Send(context.Context, gateway.Mail) (gateway.Reply, error) {
	return gateway.Reply{Code: 250}, nil
}

// Mails to real people meet no faults, and none of their copies is lost.
func TestCopiesMeetNoFaults(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.SetFaults(t.Context(), mailbox.Faults{Permanent: 100}); err != nil {
		t.Fatal(err)
	}
	box := &mailbox.Gateway{Store: s, Clock: time.Now, Random: func() float64 { return 0 }}
	both := &mailbox.Copying{Next: taking{}, Mailbox: box, Logger: slog.New(slog.DiscardHandler)}
	if reply, err := both.Send(t.Context(), mailOf("0193")); err != nil || reply.Code != 250 {
		t.Errorf("%+v, %v", reply, err)
	}
	mails, err := s.Mails(t.Context(), mailbox.Query{Terms: mailbox.ParseQuery("subject:grusse from:chat text:mira")}, 10)
	if err != nil || len(mails) != 1 || mails[0].Subject != "Grüße" {
		t.Errorf("the copy: %+v, %v", mails, err)
	}
}

func TestCheckFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		faults mailbox.Faults
		field  string // that is wrong
	}{
		{mailbox.Faults{}, ""},
		{mailbox.Faults{Temporary: 60, Permanent: 40, Slow: 100, Delay: mailbox.MaxDelay}, ""},
		{mailbox.Faults{Delay: time.Second}, ""},
		{mailbox.Faults{Temporary: -1}, "temporary"},
		{mailbox.Faults{Temporary: 101}, "temporary"},
		{mailbox.Faults{Permanent: 101}, "permanent"},
		{mailbox.Faults{Temporary: 60, Permanent: 41}, "permanent"},
		{mailbox.Faults{Slow: 101, Delay: 1}, "slow"},
		{mailbox.Faults{Slow: 1}, "delay"},
		{mailbox.Faults{Slow: 1, Delay: -1}, "delay"},
		{mailbox.Faults{Slow: 1, Delay: mailbox.MaxDelay + 1}, "delay"},
	} {
		err := c.faults.Check()
		var wrong *mailbox.FaultsError
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &wrong) || wrong.Field != c.field) {
			t.Errorf("%+v: %v, want %q", c.faults, err, c.field)
		}
	}
}

// The gateway is down with its database: that is no fault of the mail.
func TestWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := open(t)
	box := &mailbox.Gateway{Store: s, Clock: time.Now, Random: func() float64 { return 0 }}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := box.Send(ctx, mailOf("0193"))
	var failure *gateway.Error
	if !errors.As(err, &failure) || failure.Fault != gateway.FaultGateway || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
