package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

var mailboxTests = []test{
	{"keeps a mail as it was", mailboxKeeps},
	{"keeps the newest", mailboxTrims},
	{"keeps the newest of those added at one time", mailboxTogether},
	{"keeps the same mail once", mailboxSame},
	{"lists in pages", mailboxPages},
	{"deletes", mailboxDeletes},
	{"lets no poisoned mail harm another", mailboxPoisoned},
	{"counts what it keeps", mailboxCounts},
	{"is searched by words", mailboxSearch},
	{"is searched in pages", mailboxSearchPages},
	{"finds what a walk through all mails finds", mailboxSearchModel},
	{"forgets the words of what is gone", mailboxForgets},
	{"bears every query", mailboxOddQueries},
	{"shows arrivals in order", mailboxArrivals},
	{"keeps the faults for every process", mailboxFaults},
}

func (f *fixture) mail(raw string) mailbox.Mail {
	now := f.clock.Now()
	return mailbox.Mail{
		ID: f.id(now), ReceivedAt: now, From: "from@example.com", To: "to@example.com", Subject: "Subject", Raw: []byte(raw),
	}
}

func (f *fixture) addMail(t testing.TB, raw string, keep int) mailbox.Mail {
	t.Helper()
	m := f.mail(raw)
	if err := f.AddMail(t.Context(), m, keep); err != nil {
		t.Fatal(err)
	}
	return m
}

func (f *fixture) mails(t testing.TB) []string {
	t.Helper()
	mails, err := f.Mails(t.Context(), mailbox.Query{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 0, len(mails))
	for i := range mails {
		ids = append(ids, mails[i].ID)
	}
	return ids
}

func mailboxKeeps(t *testing.T, f *fixture) {
	for _, raw := range []string{"Subject: x\r\n\r\nHello", poison, ""} {
		want := f.addMail(t, raw, 10)
		want.Size = len(raw)
		got, err := f.Mail(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		want.Arrival = got.Arrival
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		list, err := f.Mails(t.Context(), mailbox.Query{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		want.Raw = nil
		if diff := cmp.Diff([]mailbox.Mail{want}, list); diff != "" {
			t.Error(diff)
		}
	}
	none := f.mail("")
	none.Raw = nil
	if err := f.AddMail(t.Context(), none, 10); err != nil {
		t.Errorf("a mail without anything: %v", err)
	}
}

func mailboxTrims(t *testing.T, f *fixture) {
	var want []string
	for i := range 12 {
		m := f.addMail(t, fmt.Sprint("mail ", i), 5)
		want = append(want, m.ID)
		if len(want) > 5 {
			want = want[1:]
		}
		newest := slices.Clone(want)
		slices.Reverse(newest)
		if diff := cmp.Diff(newest, f.mails(t)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func mailboxTogether(t *testing.T, f *fixture) {
	const n, keep = 100, 30
	mails := make([]mailbox.Mail, n)
	for i := range mails {
		mails[i] = f.mail("raw")
	}
	other := f.open(t)
	together(n, func(i int) {
		s := f.Store
		if i%3 == 0 {
			s = other
		}
		if err := s.AddMail(t.Context(), mails[i], keep); err != nil {
			t.Errorf("add mail: %v", err)
		}
	})
	list, err := f.Mails(t.Context(), mailbox.Query{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	state, err := f.MailboxState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (mailbox.State{Kept: keep, Last: n}); state != want {
		t.Errorf("state is %+v, want %+v", state, want)
	}
	// The newest, and each number once.
	for i, m := range list {
		if m.Arrival != int64(n-i) {
			t.Errorf("mail %d has number %d, want %d", i, m.Arrival, n-i)
		}
	}
	if len(list) != keep || f.count(t, "mailbox_index") != keep {
		t.Errorf("%d mails are kept, %d in the index; want %d", len(list), f.count(t, "mailbox_index"), keep)
	}
}

func mailboxSame(t *testing.T, f *fixture) {
	m := f.addMail(t, "first", 10)
	again := m
	again.Raw = []byte("second")
	if err := f.AddMail(t.Context(), again, 10); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Mail(t.Context(), m.ID); err != nil || !bytes.Equal(got.Raw, m.Raw) {
		t.Errorf("%q, %v; want the first", got.Raw, err)
	}
	if n := len(f.mails(t)); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

func mailboxPages(t *testing.T, f *fixture) {
	for range 7 {
		f.addMail(t, "raw", 100)
		f.clock.Advance(time.Second)
	}
	want := f.mails(t)
	var got []string
	for before := ""; ; before = got[len(got)-1] {
		page, err := f.Mails(t.Context(), mailbox.Query{Before: before}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			got = append(got, m.ID)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 7 {
		t.Errorf("%d mails: %s", len(got), diff)
	}
	if _, err := f.Mails(t.Context(), mailbox.Query{Before: poison, To: poison}, 1<<40); err != nil {
		t.Error(err)
	}
}

func mailboxDeletes(t *testing.T, f *fixture) {
	if err := f.DeleteMails(t.Context()); err != nil {
		t.Errorf("delete all of none: %v", err)
	}
	a, b := f.addMail(t, "a", 10), f.addMail(t, "b", 10)
	f.addMail(t, "c", 10)
	if err := f.DeleteMail(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{a.ID, "unknown", poison} {
		if err := f.DeleteMail(t.Context(), id); !errors.Is(err, mailbox.ErrNotFound) {
			t.Errorf("DeleteMail(%q): %v, want ErrNotFound", id, err)
		}
		if _, err := f.Mail(t.Context(), id); !errors.Is(err, mailbox.ErrNotFound) {
			t.Errorf("Mail(%q): %v, want ErrNotFound", id, err)
		}
	}
	if _, err := f.Mail(t.Context(), b.ID); err != nil {
		t.Errorf("another mail is gone: %v", err)
	}
	if err := f.DeleteMails(t.Context()); err != nil {
		t.Fatal(err)
	}
	if mails := f.mails(t); len(mails) > 0 {
		t.Errorf("%v are left", mails)
	}
}

func mailboxPoisoned(t *testing.T, f *fixture) {
	const n = 100
	mails := make([]mailbox.Mail, n)
	for i := range mails {
		mails[i] = f.mail("raw")
	}
	mails[0].From, mails[1].To, mails[2].Subject, mails[3].ID = poison, poison, poison, poison
	together(n, func(i int) {
		if err := f.AddMail(t.Context(), mails[i], 1000); err != nil {
			t.Errorf("add mail %d: %v", i, err)
		}
	})
	if got := len(f.mails(t)); got != n {
		t.Errorf("%d mails, want %d", got, n)
	}
	if m, err := f.Mail(t.Context(), mails[2].ID); err != nil || m.Subject != repaired {
		t.Errorf("subject %q, %v; want %q", m.Subject, err, repaired)
	}
}
