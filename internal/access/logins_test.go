package access_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/access"
)

var errStoreAway = errors.New("the store is away")

// awayStore is a store that may be away.
type awayStore struct {
	access.LoginStore
	mu   sync.Mutex
	away bool
}

func (s *awayStore) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *awayStore) Credential(ctx context.Context, app, name string) (access.Sealed, error) {
	s.mu.Lock()
	away := s.away
	s.mu.Unlock()
	if away {
		return access.Sealed{}, errStoreAway
	}
	return s.LoginStore.Credential(ctx, app, name)
}

func (d *dashboard) logins(t *testing.T, configured map[string]access.Configured) (*access.Logins, *awayStore) {
	t.Helper()
	store := &awayStore{LoginStore: d.store}
	return access.NewLogins(access.LoginsConfig{Store: store, Sealer: newSealer(t, 1), Configured: configured, Clock: d.clock}), store
}

func wantPairs(t *testing.T, l *access.Logins, app *access.App, name string, want ...access.Pair) {
	t.Helper()
	got, err := l.Pairs(t.Context(), app, name)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("pairs of /%s of %s: %v\n%s", name, app.ID, err, diff)
	}
}

// A new password works at once beside the one before, which ends when it was
// said to, or when somebody ends it. Every app has its own.
func TestRotation(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	first, second := &access.App{Key: "default", ID: "first", Default: true}, &access.App{Key: "s", ID: "second"}
	logins, _ := d.logins(t, nil)
	by := access.Actor{Account: "mira", Address: "192.0.2.1"}
	rotate := func(app *access.App, keep time.Duration) access.Pair {
		t.Helper()
		login, err := logins.Rotate(t.Context(), by, app, access.NameWebhook, keep)
		if err != nil {
			t.Fatal(err)
		}
		return login.Pair
	}
	before, err := logins.Get(t.Context(), first, access.NameWebhook)
	if err != nil {
		t.Fatal(err)
	}
	other, err := logins.Get(t.Context(), second, access.NameWebhook)
	if err != nil {
		t.Fatal(err)
	}
	wantPairs(t, logins, first, access.NameWebhook, before.Pair)

	one := rotate(first, time.Hour)
	wantPairs(t, logins, first, access.NameWebhook, one, before.Pair)
	wantPairs(t, logins, second, access.NameWebhook, other.Pair)
	d.advance(time.Hour)
	wantPairs(t, logins, first, access.NameWebhook, one)

	two := rotate(first, 0)
	d.advance(1000 * time.Hour)
	wantPairs(t, logins, first, access.NameWebhook, two, one)
	three := rotate(first, time.Hour)
	wantPairs(t, logins, first, access.NameWebhook, three, two)
	if err := logins.EndPrevious(t.Context(), by, first, access.NameWebhook); err != nil {
		t.Fatal(err)
	}
	wantPairs(t, logins, first, access.NameWebhook, three)
	if _, err := logins.Get(t.Context(), first, "admin"); !errors.Is(err, access.ErrNoCredential) {
		t.Errorf("a login of another name: %v", err)
	}

	entries, err := d.Entries(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Account+" from "+e.Address+" "+string(e.Action)+" "+e.Subject+", "+e.Detail)
	}
	made := "mira from 192.0.2.1 made a new password for /webhook, app first"
	want := []string{"mira from 192.0.2.1 ended the previous password of /webhook, app first", made, made, made}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the audit log:\n%s", diff)
	}
}

// What a variable says counts, for the default app only, and nobody rotates it.
func TestConfiguredLogin(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	first, second := &access.App{Key: "default", ID: "first", Default: true}, &access.App{Key: "s", ID: "second"}
	logins, _ := d.logins(t, map[string]access.Configured{
		access.NameWebhook: {Username: "cometchat", Password: "now", PreviousPassword: "before"},
		access.NameEvents:  {Username: "chat"},
	})
	wantPairs(t, logins, first, access.NameWebhook, access.Pair{Username: "cometchat", Password: "now"}, access.Pair{Username: "cometchat", Password: "before"})
	if _, err := logins.Rotate(t.Context(), access.Actor{}, first, access.NameWebhook, 0); !errors.Is(err, access.ErrFixedLogin) {
		t.Errorf("rotated what a variable sets: %v", err)
	}
	if err := logins.EndPrevious(t.Context(), access.Actor{}, first, access.NameWebhook); !errors.Is(err, access.ErrFixedLogin) {
		t.Errorf("ended what a variable sets: %v", err)
	}
	events, err := logins.Get(t.Context(), first, access.NameEvents)
	if err != nil || events.Username != "chat" || events.Password == "" || events.Fixed {
		t.Errorf("a configured user name with a generated password: %+v, %v", events, err)
	}
	rotated, err := logins.Rotate(t.Context(), access.Actor{}, first, access.NameEvents, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	wantPairs(t, logins, first, access.NameEvents, access.Pair{Username: "chat", Password: rotated.Password}, events.Pair)
	if other, err := logins.Get(t.Context(), second, access.NameWebhook); err != nil || other.Fixed || other.Password == "now" {
		t.Errorf("the second app's: %+v, %v", other, err)
	}
}

// Who rotates at the same time makes a row of passwords: the last one counts,
// and the one before it still works.
func TestRotationsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	app := &access.App{Key: "default", ID: "first", Default: true}
	made := make(chan string, 8)
	var all sync.WaitGroup
	for range cap(made) {
		logins, _ := d.logins(t, nil) // a process of its own
		all.Go(func() {
			login, err := logins.Rotate(t.Context(), access.Actor{}, app, access.NameWebhook, time.Hour)
			if err != nil {
				t.Error(err)
			}
			made <- login.Password
		})
	}
	all.Wait()
	close(made)
	shown := make(map[string]bool)
	for password := range made {
		shown[password] = true
	}
	logins, _ := d.logins(t, nil)
	pairs, err := logins.Pairs(t.Context(), app, access.NameWebhook)
	if err != nil || len(pairs) != 2 || pairs[0] == pairs[1] || !shown[pairs[0].Password] || !shown[pairs[1].Password] {
		t.Errorf("%v, %v; want two of those that somebody was shown", pairs, err)
	}
}

// Another process notices within five seconds, and goes on with what it knows
// while the store is away.
func TestLoginsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	d := newDashboard(t)
	app := &access.App{Key: "default", ID: "first", Default: true}
	here, _ := d.logins(t, nil)
	there, store := d.logins(t, nil)
	before, err := here.Get(t.Context(), app, access.NameEvents)
	if err != nil {
		t.Fatal(err)
	}
	wantPairs(t, there, app, access.NameEvents, before.Pair)
	after, err := here.Rotate(t.Context(), access.Actor{}, app, access.NameEvents, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	store.set(true)
	d.advance(5 * time.Second)
	wantPairs(t, there, app, access.NameEvents, before.Pair)
	if _, err := there.Pairs(t.Context(), app, access.NameWebhook); !errors.Is(err, errStoreAway) {
		t.Errorf("what nobody has read: %v", err)
	}
	store.set(false)
	wantPairs(t, there, app, access.NameEvents, after.Pair, before.Pair)
}
