package access_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/store"
)

// dashboard is accounts on a real store, at a time that stands still.
type dashboard struct {
	*access.Accounts
	store   *store.Store
	keyring *access.Keyring
	mu      sync.Mutex
	now     time.Time
}

func (d *dashboard) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *dashboard) advance(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func newDashboard(t *testing.T) *dashboard {
	t.Helper()
	d := &dashboard{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	logger := slog.New(slog.DiscardHandler)
	var err error
	d.store, err = store.Open(t.Context(), store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "db"), Clock: d.clock, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.store.Close(); err != nil {
			t.Error(err)
		}
	})
	d.keyring = &access.Keyring{Store: d.store, Sealer: newSealer(t, 1), App: "default"}
	d.Accounts = d.process(logger)
	return d
}

// process is the accounts of another process on the same store.
func (d *dashboard) process(logger *slog.Logger) *access.Accounts {
	return access.NewAccounts(access.AccountsConfig{Store: d.store, Keyring: d.keyring, Passwords: access.NewPasswords(), Clock: d.clock, Logger: logger})
}

// start is what a start of the program does with what is configured.
func (d *dashboard) start(t *testing.T, name, password string) access.Credential {
	t.Helper()
	c, err := d.keyring.Get(t.Context(), access.NameAdmin, name, password)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.EnsureFirst(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

var here = access.Actor{Address: "192.0.2.7", Agent: "Browser"}

func (d *dashboard) signIn(t *testing.T, name, password string) (token string, s access.Session) {
	t.Helper()
	token, s, err := d.SignIn(t.Context(), here, name, password)
	if err != nil {
		t.Fatalf("sign in as %s: %v", name, err)
	}
	return token, s
}

func (d *dashboard) wantNames(t *testing.T, want ...string) {
	t.Helper()
	accounts, err := d.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, a := range accounts {
		got = append(got, a.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}

const (
	one = "one horse battery"
	two = "two horse battery"
)

// The first account: generated, changed by its owner, configured, renamed, and
// no more configured.
func TestFirstAccount(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	generated := d.start(t, "Admin", "")
	if !generated.Generated || !generated.Fresh {
		t.Fatalf("the credential is %+v", generated)
	}
	token, s := d.signIn(t, "admin", generated.Password)
	d.start(t, "admin", "") // again: sessions stay
	if _, account, err := d.Session(t.Context(), token); err != nil || account.Role != access.RoleAdmin || d.IsConfigured(&account) {
		t.Fatalf("after a second start: %+v, %v", account, err)
	}
	if err := d.ChangePassword(t.Context(), access.Actor{Account: "admin", Address: "192.0.2.7"}, s, generated.Password, one); err != nil {
		t.Fatal(err)
	}
	if c := d.start(t, "admin", ""); !c.Changed || c.Password != "" {
		t.Errorf("the generated password is still shown: %+v", c)
	}
	d.signIn(t, "admin", one)
	if _, _, err := d.SignIn(t.Context(), here, "admin", ""); !errors.Is(err, access.ErrWrongPassword) {
		t.Errorf("no password: %v", err)
	}

	d.start(t, "boss", two) // configured: another name, another password
	d.wantNames(t, "boss")
	if _, _, err := d.Session(t.Context(), token); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("who knew the old password is still in: %v", err)
	}
	_, s = d.signIn(t, "BOSS", two)
	boss := access.Actor{Account: "boss"}
	if err := d.ChangePassword(t.Context(), boss, s, two, one); !errors.Is(err, access.ErrConfigured) {
		t.Errorf("change a configured password: %v", err)
	}
	for name, err := range map[string]error{
		"role":   d.SetRole(t.Context(), boss, "boss", access.RoleViewer),
		"delete": d.Delete(t.Context(), access.Actor{Account: "other"}, "boss"),
	} {
		if !errors.Is(err, access.ErrConfigured) {
			t.Errorf("%s of a configured account: %v", name, err)
		}
	}
	if _, _, err := d.ResetLink(t.Context(), boss, "boss"); !errors.Is(err, access.ErrConfigured) {
		t.Errorf("link for a configured password: %v", err)
	}
	d.start(t, "boss", "") // not any more; its owner's own one is what counts
	d.signIn(t, "boss", two)
}

// An account that somebody deleted comes back only if it is configured, and
// takes nobody's name.
func TestFirstAccountDeleted(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	d.start(t, "admin", "")
	token, _, err := d.Invite(t.Context(), access.Actor{Account: "admin"}, "mira", access.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Redeem(t.Context(), here, token, one); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), access.Actor{Account: "mira"}, "admin"); err != nil {
		t.Fatal(err)
	}
	d.start(t, "admin", "")
	d.wantNames(t, "mira")
	if err := d.EnsureFirst(t.Context(), access.Credential{Username: "mira", Password: two}); !errors.Is(err, access.ErrAccountExists) {
		t.Errorf("configured with somebody's name: %v", err)
	}
	d.start(t, "admin", two)
	d.wantNames(t, "admin", "mira")
}

func TestLastAdminStays(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	d.start(t, "admin", "")
	for _, name := range []string{"mira", "otto"} {
		token, _, err := d.Invite(t.Context(), here, name, access.RoleAdmin)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.Redeem(t.Context(), here, token, one); err != nil {
			t.Fatal(err)
		}
	}
	// All three at one time, from two processes.
	other := d.process(slog.New(slog.DiscardHandler))
	var together sync.WaitGroup
	for i, name := range []string{"admin", "mira", "otto"} {
		together.Go(func() {
			accounts := d.Accounts
			if i == 1 {
				accounts = other
			}
			if err := accounts.SetRole(t.Context(), here, name, access.RoleViewer); err != nil && !errors.Is(err, access.ErrLastAdmin) {
				t.Error(err)
			}
		})
	}
	together.Wait()
	accounts, err := d.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admins := 0
	for _, a := range accounts {
		if a.Role == access.RoleAdmin {
			admins++
		}
	}
	if admins != 1 {
		t.Errorf("%d admins are left, want 1", admins)
	}
}

func TestLinksWorkOnce(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	d.start(t, "admin", "")
	token, ticket, err := d.Invite(t.Context(), here, " Mira ", access.RoleViewer)
	if err != nil || ticket.Account != "mira" || strings.Contains(string(ticket.Hash), token) {
		t.Fatalf("%+v, %v", ticket, err)
	}
	if _, _, err := d.Redeem(t.Context(), here, token, "short"); !errors.As(err, new(*access.Problem)) {
		t.Errorf("a bad password: %v", err)
	}
	var together sync.WaitGroup
	used := make(chan bool, 4)
	for range cap(used) {
		together.Go(func() {
			_, _, err := d.Redeem(t.Context(), here, token, one)
			if err != nil && !errors.Is(err, access.ErrNoTicket) && !errors.Is(err, access.ErrAccountExists) {
				t.Error(err)
			}
			used <- err == nil
		})
	}
	together.Wait()
	close(used)
	n := 0
	for worked := range used {
		if worked {
			n++
		}
	}
	if n != 1 {
		t.Errorf("it worked %d times", n)
	}
	if _, _, err := d.Invite(t.Context(), here, "MIRA", access.RoleViewer); !errors.Is(err, access.ErrAccountExists) {
		t.Errorf("invite somebody who is there: %v", err)
	}
	if _, _, err := d.ResetLink(t.Context(), here, "nobody"); !errors.Is(err, access.ErrNoAccount) {
		t.Errorf("a link for nobody: %v", err)
	}
}

// A password that is right is remembered for a while, unless the account
// changes.
func TestVerify(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	d.start(t, "admin", one)
	verify := func(password string, want error) {
		t.Helper()
		if account, err := d.Verify(t.Context(), "admin", password, "192.0.2.7"); !errors.Is(err, want) || err == nil && account.Name != "admin" {
			t.Errorf("%s: %+v, %v; want %v", password, account, err, want)
		}
	}
	verify(one, nil)
	verify(two, access.ErrWrongPassword)
	d.start(t, "admin", two)
	verify(one, access.ErrWrongPassword)
	verify(two, nil)
	// Another process deletes it: this one knows it for ten seconds more.
	err := d.store.ChangeAccounts(t.Context(), func(tx access.AccountChanges) error { return tx.DeleteAccount("admin") })
	if err != nil {
		t.Fatal(err)
	}
	d.advance(9 * time.Second)
	verify(two, nil)
	d.advance(time.Second)
	verify(two, access.ErrWrongPassword)
}

// Programs call many times at once with the right password.
func TestVerifyTogether(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	d.start(t, "admin", one)
	var together sync.WaitGroup
	for range 50 {
		together.Go(func() {
			if _, err := d.Verify(t.Context(), "admin", one, "192.0.2.7"); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
}

func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	d.start(t, "admin", one)
	try := func(name, password, address string) error {
		_, err := d.Verify(t.Context(), name, password, address)
		return err
	}
	limited := func(err error) bool { return errors.As(err, new(*access.LimitError)) }
	for _, name := range []string{"admin", "nobody"} { // who is not there is no different
		for i := range 10 {
			if err := try(name, "wrong", "192.0.2.7"); !errors.Is(err, access.ErrWrongPassword) {
				t.Fatalf("attempt %d on %s: %v", i, name, err)
			}
		}
		if err := try(name, one, "192.0.2.7"); !limited(err) {
			t.Errorf("%s after ten attempts: %v", name, err)
		}
	}
	if err := try("admin", one, "192.0.2.8"); err != nil {
		t.Errorf("from another address: %v", err)
	}
	// The whole network of a caller counts as one.
	for range 10 {
		if err := try("admin", "wrong", "2001:db8::1"); !errors.Is(err, access.ErrWrongPassword) {
			t.Fatal(err)
		}
	}
	if err := try("admin", "wrong", "2001:db8::2"); !limited(err) {
		t.Errorf("from the same network: %v", err)
	}
	d.advance(15 * time.Minute)
	if err := try("nobody", "wrong", "192.0.2.7"); !errors.Is(err, access.ErrWrongPassword) {
		t.Errorf("a quarter of an hour later: %v", err)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		has := access.Role(rapid.SampledFrom([]string{"viewer", "operator", "admin", "", "owner", "Admin"}).Draw(t, "has"))
		needed := access.Role(rapid.SampledFrom([]string{"viewer", "operator", "admin", "", "owner", "Admin"}).Draw(t, "needed"))
		order := map[access.Role]int{"viewer": 1, "operator": 2, "admin": 3}
		want := order[needed] > 0 && order[has] >= order[needed]
		if got := has.May(needed); got != want {
			t.Errorf("%q may what takes %q: %t", has, needed, got)
		}
	})
}

func FuzzAccountName(f *testing.F) {
	for _, seed := range []string{"", "Mira", " a ", "a:b", "a\x00b", "\xff", "..", strings.Repeat("ä", 101), "İ", "a\u200bb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		normal, err := access.AccountName(name)
		if err != nil {
			if !errors.As(err, new(*access.Problem)) {
				t.Errorf("%q: %v", name, err)
			}
			return
		}
		if again, err := access.AccountName(normal); err != nil || again != normal {
			t.Errorf("%q becomes %q and then %q, %v", name, normal, again, err)
		}
		if strings.ContainsAny(normal, ":\x00\n") || normal == "" {
			t.Errorf("%q became %q", name, normal)
		}
	})
}
