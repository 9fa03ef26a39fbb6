package storetest

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/provider/branding"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/internal/store"
)

var settingTests = []test{
	{"are replaced only if they are what they were", settingsReplaced},
	{"are changed by one at a time", settingsTogether},
	{"preferences are kept, changed and reset", preferencesKept},
	{"preferences lose no change", preferencesTogether},
	{"time zones stand apart from preferences", timezonesKept},
	{"mutes are replaced and end", mutesKept},
}

func settingsReplaced(t *testing.T, f *fixture) {
	replace := func(name string, old, body []byte) bool {
		t.Helper()
		done, err := f.ReplaceSetting(t.Context(), "app", name, old, body)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	expect := func(name string, want []byte) {
		t.Helper()
		got, err := f.Setting(t.Context(), "app", name)
		if want == nil && errors.Is(err, vault.ErrNothing) {
			return
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	one, two := []byte(poison), []byte("two")
	expect("a", nil)
	if replace("a", two, one) || replace("a", two, nil) || !replace("a", nil, one) || replace("a", nil, two) || replace("a", two, two) {
		t.Error("something else than what was there was replaced, or the right thing was not")
	}
	expect("a", one)
	expect("b", nil)
	if _, err := f.Setting(t.Context(), "other", "a"); !errors.Is(err, vault.ErrNothing) {
		t.Errorf("another app's: %v", err)
	}
	if !replace("a", one, two) || !replace("b", nil, []byte{}) || replace("a", one, nil) {
		t.Error("not replaced, or deleted what was not there")
	}
	expect("a", two)
	expect("b", []byte{})
	if !replace("a", two, nil) {
		t.Error("not deleted")
	}
	expect("a", nil)

	kept := branding.New(f, render.Brand{}, time.Now)
	if got, err := kept.Brand(t.Context(), "app"); err != nil || got != (render.Brand{}) {
		t.Errorf("a brand that was never set: %+v, %v", got, err)
	}
	brand := render.Brand{Name: "Acme", Footer: "1 Lake Road"}
	if _, err := kept.Save(t.Context(), "app", brand); err != nil {
		t.Fatal(err)
	}
	if got, err := kept.Brand(t.Context(), "app"); err != nil || got != brand {
		t.Errorf("the brand is %+v, %v", got, err)
	}
}

func settingsTogether(t *testing.T, f *fixture) {
	const racers = 8
	vaults := []*vault.Vault{vault.New(f.Store, nil), vault.New(f.open(t), nil)}
	together(racers, func(i int) {
		err := vaults[i%2].ChangeSettings(t.Context(), "app", func(current *chat.Settings) (*chat.Settings, error) {
			changed := *current
			changed.Preferences.Email.MaxGroupSize++
			return &changed, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	for _, v := range vaults {
		if got, err := v.Settings(t.Context(), "app"); err != nil || got.Preferences.Email.MaxGroupSize != racers {
			t.Errorf("%+v, %v; want %d changes", got.Preferences.Email, err, racers)
		}
	}
}

func preferencesKept(t *testing.T, f *fixture) {
	if p, err := f.Preferences(t.Context(), "app", "u"); err != nil || p != nil {
		t.Fatalf("at first: %+v, %v", p, err)
	}
	interval := 120
	want := &chat.Preferences{Group: map[string]int{"messages": 3}, Email: &chat.EmailChoices{IntervalInSeconds: &interval}}
	change := func(to *chat.Preferences, problem error) error {
		_, err := f.ChangePreferences(t.Context(), "app", "u", func(*chat.Preferences) (*chat.Preferences, error) { return to, problem })
		return err
	}
	column := func() (ms int64) {
		t.Helper()
		if err := f.raw(t).QueryRow(`SELECT interval_ms FROM preferences WHERE uid = 'u'`).Scan(&ms); err != nil {
			t.Fatal(err)
		}
		return ms
	}
	if err := change(want, nil); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if err := change(nil, refused); !errors.Is(err, refused) {
		t.Errorf("a refusal: %v", err)
	}
	got, err := f.Preferences(t.Context(), "app", "u")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || column() != 120_000 {
		t.Errorf("interval %d, %s", column(), diff)
	}
	if p, err := f.Preferences(t.Context(), "other", "u"); err != nil || p != nil {
		t.Errorf("another app's: %+v, %v", p, err)
	}
	if err := change(nil, nil); err != nil {
		t.Fatal(err)
	}
	if p, err := f.Preferences(t.Context(), "app", "u"); err != nil || p != nil || column() != 0 {
		t.Errorf("after a reset: %+v, %v, interval %d", p, err, column())
	}
}

func preferencesTogether(t *testing.T, f *fixture) {
	const racers = 8
	stores := []*store.Store{f.Store, f.open(t)}
	var changes atomic.Int64
	together(racers, func(i int) {
		_, err := stores[i%2].ChangePreferences(t.Context(), "app", "u", func(p *chat.Preferences) (*chat.Preferences, error) {
			changed := &chat.Preferences{Group: map[string]int{"n": 1}}
			if p != nil {
				changed.Group["n"] += p.Group["n"]
			}
			changes.Add(1)
			return changed, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	if p, err := f.Preferences(t.Context(), "app", "u"); err != nil || p == nil || p.Group["n"] != racers {
		t.Errorf("%+v, %v; want all %d changes of %d tries", p, err, racers, changes.Load())
	}
}

func timezonesKept(t *testing.T, f *fixture) {
	expect := func(app, want string) {
		t.Helper()
		if got, err := f.Timezone(t.Context(), app, "u"); err != nil || got != want {
			t.Errorf("time zone %q, %v; want %q", got, err, want)
		}
	}
	expect("app", "")
	for _, zone := range []string{"Europe/Lisbon", "Asia/Tokyo"} {
		if err := f.SetTimezone(t.Context(), "app", "u", zone); err != nil {
			t.Fatal(err)
		}
		expect("app", zone)
	}
	_, err := f.ChangePreferences(t.Context(), "app", "u", func(*chat.Preferences) (*chat.Preferences, error) {
		return &chat.Preferences{Group: map[string]int{"messages": 1}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	expect("app", "Asia/Tokyo")
	expect("other", "")
	if err := f.SetTimezone(t.Context(), "app", "u", "GMT"); err != nil {
		t.Fatal(err)
	}
	if p, err := f.Preferences(t.Context(), "app", "u"); err != nil || p == nil || p.Group["messages"] != 1 {
		t.Errorf("preferences beside a time zone: %+v, %v", p, err)
	}
}

func mutesKept(t *testing.T, f *fixture) {
	now := f.clock.Now()
	group := chat.Mute{Type: chat.ReceiverGroup, ID: "x", Until: now.Add(time.Hour)}
	person := chat.Mute{Type: chat.ReceiverUser, ID: "x", Until: now.Add(2 * time.Hour)}
	set := func(mutes ...chat.Mute) {
		t.Helper()
		if err := f.Mute(t.Context(), "app", "u", mutes); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...chat.Mute) {
		t.Helper()
		got, err := f.Mutes(t.Context(), "app", "u")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(append([]chat.Mute{}, want...), got); diff != "" {
			t.Error(diff)
		}
	}
	expect()
	set(group, person)
	expect(person, group)
	group.Until = now.Add(3 * time.Hour)
	set(group)
	expect(group, person)
	if mutes, err := f.Mutes(t.Context(), "other", "u"); err != nil || len(mutes) != 0 {
		t.Errorf("another app's: %v, %v", mutes, err)
	}
	f.clock.Advance(2 * time.Hour)
	expect(group) // the other has ended at this moment
	set()
	if n := f.count(t, "mutes"); n != 1 {
		t.Errorf("%d rows, want what has ended to be gone", n)
	}
	if err := f.Unmute(t.Context(), "app", "u", []chat.Mute{{Type: chat.ReceiverUser, ID: "x"}}); err != nil {
		t.Fatal(err)
	}
	expect(group)
	if err := f.Unmute(t.Context(), "app", "u", []chat.Mute{group}); err != nil {
		t.Fatal(err)
	}
	expect()
}
