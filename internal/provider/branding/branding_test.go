package branding_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/provider/branding"
	"github.com/postrider/postrider/internal/provider/render"
)

// memory keeps brands, and can be slower than others.
type memory struct {
	brands map[string][]byte
	reads  int
	faster func() // called before a change
	err    error
}

func (m *memory) Brand(_ context.Context, app string) ([]byte, error) {
	m.reads++
	return m.brands[app], m.err
}

func (m *memory) ReplaceBrand(_ context.Context, app string, old, body []byte) (bool, error) {
	if m.faster != nil {
		m.faster()
	}
	if !bytes.Equal(m.brands[app], old) {
		return false, nil
	}
	m.brands[app] = body
	return true, nil
}

func TestBrand(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_890_000_000, 0)
	kept := &memory{brands: make(map[string][]byte)}
	k := branding.New(kept, render.Brand{Name: "Acme"}, func() time.Time { return now })
	want := func(what, app string, want render.Brand) {
		t.Helper()
		if got, err := k.Recent(t.Context(), app); err != nil || got != want {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	want("before anything is set", "a", render.Brand{Name: "Acme"})
	if _, err := k.Save(t.Context(), "a", render.Brand{Name: "Summit", Color: "#123456", Footer: "1 Lake Road"}); err != nil {
		t.Fatal(err)
	}
	want("once it is set", "a", render.Brand{Name: "Acme", Color: "#123456", Footer: "1 Lake Road"})
	want("of another app", "b", render.Brand{Name: "Acme"})

	if got := string(kept.brands["a"]); got != `{"color":"#123456","footer":"1 Lake Road"}` {
		t.Errorf("kept is %s: what the configuration says would stay when it says nothing any more", got)
	}

	// Another process changes it.
	kept.brands["a"] = []byte(`{"color":"#654321"}`)
	reads := kept.reads
	now = now.Add(branding.FreshFor - time.Millisecond)
	want("a moment later", "a", render.Brand{Name: "Acme", Color: "#123456", Footer: "1 Lake Road"})
	if kept.reads != reads {
		t.Error("every mail asks the store")
	}
	now = now.Add(time.Millisecond)
	want("when it is not fresh", "a", render.Brand{Name: "Acme", Color: "#654321"})
	now = now.Add(-time.Hour)
	want("when the clock was put back", "a", render.Brand{Name: "Acme", Color: "#654321"})

	var wrong *render.BrandError
	if _, err := k.Save(t.Context(), "a", render.Brand{Color: "red"}); !errors.As(err, &wrong) || wrong.Field != "color" {
		t.Errorf("a colour that is none: %v", err)
	}
	want("after that", "a", render.Brand{Name: "Acme", Color: "#654321"})
}

// Of two who change it at one time, the later wins and knows what was before.
func TestTwoChangeIt(t *testing.T) {
	t.Parallel()
	kept := &memory{brands: make(map[string][]byte)}
	kept.faster = func() {
		kept.faster = nil
		kept.brands["a"] = []byte(`{"name":"Faster"}`)
	}
	k := branding.New(kept, render.Brand{}, time.Now)
	before, err := k.Save(t.Context(), "a", render.Brand{Name: "Slower"})
	if err != nil || before.Name != "Faster" || string(kept.brands["a"]) != `{"name":"Slower"}` {
		t.Errorf("before was %+v (%v), now is %s", before, err, kept.brands["a"])
	}
}

func TestStoreAway(t *testing.T) {
	t.Parallel()
	away := errors.New("no database")
	k := branding.New(&memory{err: away}, render.Brand{}, time.Now)
	if _, err := k.Recent(t.Context(), "a"); !errors.Is(err, away) {
		t.Error(err)
	}
	if _, err := k.Save(t.Context(), "a", render.Brand{}); !errors.Is(err, away) {
		t.Error(err)
	}
}
