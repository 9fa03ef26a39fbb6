package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/access"
)

var accountTests = []test{
	{"are kept, changed and deleted with what is theirs", accountsKept},
	{"have sessions that end one by one or together", accountSessions},
	{"have one ticket, which works once", accountTickets},
	{"change one after the other, whichever process does it", accountsTogether},
	{"leave nothing of a change that fails", accountsFailed},
	{"belong to one identity each, and need no password", accountsOfIdentities},
	{"are logged, newest first", accountEntries},
	{"are purged of what has expired", accountsPurged},
	{"forget a generated credential", accountCredential},
}

func (f *fixture) account(name string, role access.Role) access.Account {
	return access.Account{Name: name, Role: role, Hash: []byte("hash of " + name), CreatedAt: f.clock.Now()}
}

func (f *fixture) session(account, id string) access.Session {
	now := f.clock.Now()
	return access.Session{
		ID: id, Hash: []byte("hash of " + id), Account: account, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour),
		Address: "192.0.2.1", Agent: "Browser/1.0",
	}
}

func (f *fixture) ticket(account, token string) access.Ticket {
	now := f.clock.Now()
	return access.Ticket{
		Hash: []byte("hash of " + token), Kind: access.KindInvite, Account: account, Role: access.RoleViewer, CreatedBy: "mira",
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// changeAccounts makes a change that must work.
func (f *fixture) changeAccounts(t testing.TB, changes ...func(access.AccountChanges) error) {
	t.Helper()
	err := f.ChangeAccounts(t.Context(), func(tx access.AccountChanges) error {
		for _, change := range changes {
			if err := change(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func put(a access.Account) func(access.AccountChanges) error {
	return func(tx access.AccountChanges) error { return tx.PutAccount(a) }
}

func begin(s access.Session) func(access.AccountChanges) error {
	return func(tx access.AccountChanges) error { return tx.AddSession(s) }
}

func offer(ticket access.Ticket) func(access.AccountChanges) error {
	return func(tx access.AccountChanges) error { return tx.PutTicket(ticket) }
}

func (f *fixture) wantAccounts(t testing.TB, want ...access.Account) {
	t.Helper()
	got, err := f.Accounts(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, accounts (-want +got):\n%s", err, diff)
	}
}

func accountsKept(t *testing.T, f *fixture) {
	mira, otto, strange := f.account("mira", access.RoleAdmin), f.account("otto", access.RoleViewer), f.account(poison, access.RoleViewer)
	mira.First = true
	f.changeAccounts(t, put(otto), put(strange), put(mira), begin(f.session("otto", "one")), offer(f.ticket("otto", "token")))
	strange.Name = repaired
	f.wantAccounts(t, strange, mira, otto)
	otto.Role, otto.Hash = access.RoleOperator, []byte("another")
	f.changeAccounts(t, put(otto))
	if got, err := f.Account(t.Context(), "otto"); err != nil || cmp.Diff(otto, got) != "" {
		t.Errorf("Account = %+v, %v; want %+v", got, err, otto)
	}
	if _, account, err := f.Session(t.Context(), []byte("hash of one")); err != nil || cmp.Diff(otto, account) != "" {
		t.Errorf("the session is %+v's, %v", account, err)
	}
	f.changeAccounts(t, func(tx access.AccountChanges) error {
		accounts, err := tx.Accounts()
		if diff := cmp.Diff([]access.Account{strange, mira, otto}, accounts); diff != "" {
			t.Error(diff)
		}
		return errors.Join(err, tx.DeleteAccount("otto"), tx.DeleteAccount("nobody"))
	})
	f.wantAccounts(t, strange, mira)
	if _, err := f.Account(t.Context(), "otto"); !errors.Is(err, access.ErrNoAccount) {
		t.Errorf("a deleted account: %v", err)
	}
	if sessions, tickets := f.count(t, "sessions"), f.count(t, "tickets"); sessions+tickets > 0 {
		t.Errorf("a deleted account left %d sessions and %d tickets", sessions, tickets)
	}
}

func accountSessions(t *testing.T, f *fixture) {
	f.changeAccounts(t, put(f.account("mira", access.RoleAdmin)), put(f.account("otto", access.RoleViewer)))
	var all []access.Session
	for i := range 3 {
		f.clock.Advance(time.Second)
		all = append(all, f.session("mira", fmt.Sprint(i)))
		f.changeAccounts(t, begin(all[i]))
	}
	f.changeAccounts(t, begin(f.session("otto", "other")))
	sessions := func(want ...access.Session) {
		t.Helper()
		got, err := f.Sessions(t.Context(), "mira", f.clock.Now())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, sessions (-want +got):\n%s", err, diff)
		}
	}
	sessions(all[2], all[1], all[0])
	all[0].SeenAt, all[0].ExpiresAt = f.clock.Now().Add(time.Minute), f.clock.Now().Add(2*time.Hour)
	if err := f.SeeSession(t.Context(), all[0].Hash, all[0].SeenAt, all[0].ExpiresAt); err != nil {
		t.Fatal(err)
	}
	sessions(all[0], all[2], all[1])
	if got, account, err := f.Session(t.Context(), all[0].Hash); err != nil || cmp.Diff(all[0], got) != "" || account.Name != "mira" {
		t.Errorf("Session = %+v of %s, %v; want %+v", got, account.Name, err, all[0])
	}
	f.changeAccounts(t, func(tx access.AccountChanges) error {
		for _, c := range []struct {
			account, id string
			want        bool
		}{{"mira", "1", true}, {"mira", "1", false}, {"otto", "2", false}} {
			if got, err := tx.DeleteSession(c.account, c.id); got != c.want || err != nil {
				t.Errorf("DeleteSession(%s, %s) = %t, %v", c.account, c.id, got, err)
			}
		}
		return nil
	})
	sessions(all[0], all[2])
	f.changeAccounts(t, func(tx access.AccountChanges) error { return tx.DeleteSessions("mira", "2") })
	sessions(all[2])
	if _, _, err := f.Session(t.Context(), all[0].Hash); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("a session that has ended: %v", err)
	}
	if _, _, err := f.Session(t.Context(), []byte("hash of other")); err != nil {
		t.Errorf("somebody else's session: %v", err)
	}
	f.clock.Advance(time.Hour)
	sessions([]access.Session{}...)
}

func accountTickets(t *testing.T, f *fixture) {
	first, second, other := f.ticket("otto", "first"), f.ticket("otto", "second"), f.ticket("ada", "third")
	f.changeAccounts(t, offer(first), offer(other))
	f.changeAccounts(t, offer(second))
	if _, err := f.Ticket(t.Context(), first.Hash); !errors.Is(err, access.ErrNoTicket) {
		t.Errorf("a ticket that was replaced: %v", err)
	}
	got, err := f.Tickets(t.Context(), f.clock.Now())
	if diff := cmp.Diff([]access.Ticket{other, second}, got); diff != "" || err != nil {
		t.Errorf("%v, tickets (-want +got):\n%s", err, diff)
	}
	f.changeAccounts(t, func(tx access.AccountChanges) error {
		if got, err := tx.TakeTicket(second.Hash); err != nil || cmp.Diff(second, got) != "" {
			t.Errorf("taken: %+v, %v", got, err)
		}
		if _, err := tx.TakeTicket(second.Hash); !errors.Is(err, access.ErrNoTicket) {
			t.Errorf("taken again: %v", err)
		}
		if there, err := tx.DeleteTicket("otto"); there || err != nil {
			t.Errorf("deleted what was taken: %t, %v", there, err)
		}
		if there, err := tx.DeleteTicket("ada"); !there || err != nil {
			t.Errorf("not deleted: %t, %v", there, err)
		}
		return nil
	})
	f.changeAccounts(t, offer(first))
	f.clock.Advance(time.Hour)
	if got, err := f.Tickets(t.Context(), f.clock.Now()); len(got) > 0 || err != nil {
		t.Errorf("expired tickets: %v, %v", got, err)
	}
}

func accountsTogether(t *testing.T, f *fixture) {
	const n = 12
	other := f.open(t)
	together(n, func(i int) {
		s := f.Store
		if i%2 == 0 {
			s = other
		}
		err := s.ChangeAccounts(t.Context(), func(tx access.AccountChanges) error {
			accounts, err := tx.Accounts()
			if err != nil {
				return err
			}
			return tx.PutAccount(f.account(fmt.Sprintf("%02d", len(accounts)), access.RoleViewer))
		})
		if err != nil {
			t.Error(err)
		}
	})
	if got := f.count(t, "accounts"); got != n {
		t.Errorf("%d accounts, want %d: some changes have not seen each other", got, n)
	}
}

func accountsOfIdentities(t *testing.T, f *fixture) {
	ada := f.account("ada@example.com", access.RoleViewer)
	ada.Hash, ada.Issuer, ada.Subject = nil, "https://login.example.com", "ada-1"
	ticket := access.Ticket{Hash: []byte("t"), Kind: access.KindInvite, Account: "lin", Role: access.RoleViewer, CreatedAt: f.clock.Now(), ExpiresAt: f.clock.Now()}
	err := f.Store.ChangeAccounts(t.Context(), func(tx access.AccountChanges) error {
		return errors.Join(tx.PutAccount(ada), tx.PutAccount(f.account("otto", access.RoleViewer)), tx.PutAccount(f.account("vera", access.RoleViewer)), tx.PutTicket(ticket))
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Store.Account(t.Context(), ada.Name)
	if err != nil || got.HasPassword() || got.Issuer != ada.Issuer || got.Subject != ada.Subject {
		t.Errorf("%+v, %v", got, err)
	}
	twin := ada
	twin.Name = "twin"
	if err := f.Store.ChangeAccounts(t.Context(), put(twin)); err == nil {
		t.Error("two accounts belong to one identity")
	}
	err = f.Store.ChangeAccounts(t.Context(), func(tx access.AccountChanges) error {
		if got, err := tx.TicketFor("lin"); err != nil || got.Role != ticket.Role {
			t.Errorf("ticket %+v, %v", got, err)
		}
		if _, err := tx.TicketFor("ada@example.com"); !errors.Is(err, access.ErrNoTicket) {
			t.Errorf("a ticket of nobody: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func accountsFailed(t *testing.T, f *fixture) {
	refusal := errors.New("no")
	err := f.ChangeAccounts(t.Context(), func(tx access.AccountChanges) error {
		return errors.Join(tx.PutAccount(f.account("mira", access.RoleAdmin)), tx.Record(access.Entry{At: f.clock.Now()}), refusal)
	})
	if !errors.Is(err, refusal) {
		t.Errorf("the cause is lost: %v", err)
	}
	if accounts, entries := f.count(t, "accounts"), f.count(t, "audit"); accounts+entries > 0 {
		t.Errorf("left: %d accounts, %d entries", accounts, entries)
	}
}

func (f *fixture) record(t testing.TB, e access.Entry) {
	t.Helper()
	e.At = f.clock.Now()
	f.changeAccounts(t, func(tx access.AccountChanges) error { return tx.Record(e) })
}

func accountEntries(t *testing.T, f *fixture) {
	want := access.Entry{
		At: f.clock.Now(), Account: "mira", Address: "2001:db8::1", Action: access.ActionChangedRole, Subject: poison, Detail: "viewer → admin",
	}
	f.record(t, want)
	for i := range 20 {
		// Several in one millisecond, and one after the clock was put back.
		if i%10 == 9 {
			f.clock.Advance(-time.Second)
		}
		f.record(t, access.Entry{Subject: fmt.Sprint(i)})
	}
	var got []access.Entry
	before := ""
	for {
		page, err := f.Entries(t.Context(), before, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		before = page[len(page)-1].ID
	}
	var subjects []string
	for i := range got {
		subjects = append(subjects, got[i].Subject)
	}
	order := []string{repaired}
	for i := range 20 {
		order = append([]string{fmt.Sprint(i)}, order...)
	}
	if diff := cmp.Diff(order, subjects); diff != "" {
		t.Fatal(diff)
	}
	want.Subject, want.ID = repaired, got[20].ID
	if diff := cmp.Diff(want, got[20]); diff != "" {
		t.Error(diff)
	}
}

func accountsPurged(t *testing.T, f *fixture) {
	f.changeAccounts(t, put(f.account("mira", access.RoleAdmin)), begin(f.session("mira", "old")), offer(f.ticket("otto", "old")))
	f.record(t, access.Entry{Subject: "old"})
	f.clock.Advance(time.Hour)
	young := f.clock.Now()
	f.changeAccounts(t, begin(f.session("mira", "young")), offer(f.ticket("ada", "young")))
	f.record(t, access.Entry{Subject: "young"})
	if err := f.PurgeAccounts(t.Context(), young, young); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Session(t.Context(), []byte("hash of young")); err != nil {
		t.Error(err)
	}
	if _, err := f.Ticket(t.Context(), []byte("hash of young")); err != nil {
		t.Error(err)
	}
	if entries, err := f.Entries(t.Context(), "", 9); len(entries) != 1 || entries[0].Subject != "young" || err != nil {
		t.Errorf("entries %+v, %v", entries, err)
	}
	if sessions, tickets := f.count(t, "sessions"), f.count(t, "tickets"); sessions != 1 || tickets != 1 {
		t.Errorf("%d sessions and %d tickets are left, want the young ones", sessions, tickets)
	}
}

func accountCredential(t *testing.T, f *fixture) {
	if _, err := f.AddCredential(t.Context(), "app", "admin", access.Sealed{Username: "admin", Secret: []byte("generated")}); err != nil {
		t.Fatal(err)
	}
	want := access.Sealed{Username: "boss", Secret: []byte("nothing")}
	f.changeAccounts(t, func(tx access.AccountChanges) error { return tx.PutCredential("app", "admin", want) })
	if got, err := f.Credential(t.Context(), "app", "admin"); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("Credential = %+v, %v", got, err)
	}
}
