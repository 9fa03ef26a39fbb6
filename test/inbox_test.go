package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// inbox is an SMTP server that keeps account of what it has taken, by subject.
type inbox struct {
	*smtpserver.Server
	taken *ledger
}

// ledger is the account. It outlives servers that take each other's place.
type ledger struct {
	mu        sync.Mutex
	bySubject map[string][]string // Message-IDs in the order of arrival
	mails     int
	faults    []error
}

func newLedger() *ledger { return &ledger{bySubject: make(map[string][]string)} }

func (l *ledger) add(m smtpserver.Mail) {
	read, err := mail.ReadMessage(bytes.NewReader(m.Data))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mails++
	if err != nil {
		l.faults = append(l.faults, fmt.Errorf("a mail to %v: %w", m.To, err))
		return
	}
	subject := read.Header.Get("Subject")
	l.bySubject[subject] = append(l.bySubject[subject], read.Header.Get("Message-ID"))
}

// subjects is how many different subjects have arrived.
func (l *ledger) subjects() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.bySubject)
}

// arrivals returns the Message-IDs by subject.
func (l *ledger) arrivals() (map[string][]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string][]string, len(l.bySubject))
	for subject, ids := range l.bySubject {
		all[subject] = append([]string(nil), ids...)
	}
	return all, errors.Join(l.faults...)
}

// newInbox starts an SMTP server with a new account.
func newInbox(t testing.TB, cfg smtpserver.Config) *inbox {
	t.Helper()
	return openInbox(t, cfg, newLedger())
}

// openInbox starts an SMTP server that continues an account.
func openInbox(t testing.TB, cfg smtpserver.Config, account *ledger) *inbox {
	t.Helper()
	before := cfg.OnMail
	cfg.DiscardMails = true
	cfg.OnMail = func(m smtpserver.Mail) {
		if before != nil {
			before(m)
		}
		account.add(m)
	}
	return &inbox{smtpserver.New(t, cfg), account}
}

// awaitSubjects waits for so many different mails.
func (b *inbox) awaitSubjects(t testing.TB, n int) {
	t.Helper()
	b.awaitSubjectsUntil(within(t), t, n)
}

func (b *inbox) awaitSubjectsUntil(ctx context.Context, t testing.TB, n int) {
	t.Helper()
	if err := b.Await(ctx, func(smtpserver.Counts) bool { return b.taken.subjects() >= n }); err != nil {
		t.Fatalf("wait for %d different mails, have %d: %v", n, b.taken.subjects(), err)
	}
}

// wantEachOnce complains unless exactly these subjects arrived, each once.
func (b *inbox) wantEachOnce(t testing.TB, subjects []string) {
	t.Helper()
	arrived, err := b.taken.arrivals()
	if err != nil {
		t.Error(err)
	}
	want, got := make(map[string]int), make(map[string]int)
	for _, subject := range subjects {
		want[subject] = 1
	}
	for subject, ids := range arrived {
		got[subject] = len(ids)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails by subject (-want +got):\n%s", diff)
	}
}

// smtpConfig is a plain server.
var smtpConfig smtpserver.Config
