package lookup_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/lookup"
)

// moody is a directory that answers after a second, well or not.
type moody struct {
	healthy  atomic.Bool
	requests atomic.Int64
}

func (m *moody) RoundTrip(*http.Request) (*http.Response, error) {
	m.requests.Add(1)
	time.Sleep(time.Second) // of the bubble
	status := http.StatusBadGateway
	if m.healthy.Load() {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(mira))}, nil
}

func newMoody(t *testing.T) (*moody, *lookup.Directory) {
	t.Helper()
	target, err := lookup.ParseTarget("https://api.example.com/users/{uid}", "", "email", false)
	if err != nil {
		t.Fatal(err)
	}
	m := &moody{}
	return m, lookup.New(lookup.Config{Target: target, Transport: m, Version: "1.2.3", Clock: time.Now})
}

// A directory that keeps failing is left alone, and found again by itself.
func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, d := newMoody(t)
		ask := func(requests int64) error {
			t.Helper()
			before := m.requests.Load()
			_, err := d.Email(t.Context(), "mira")
			if n := m.requests.Load() - before; n != requests {
				t.Errorf("%d requests, want %d (%v)", n, requests, err)
			}
			return err
		}
		for range 3 {
			_ = ask(1)
		}
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			err := ask(0)
			var directory *address.DirectoryError
			if !errors.As(err, &directory) || !strings.Contains(err.Error(), "keeps failing") || !strings.Contains(err.Error(), "502") {
				t.Errorf("while it pauses: %v", err)
			}
			time.Sleep(pause*time.Second - time.Millisecond)
			_ = ask(0)
			time.Sleep(time.Millisecond)
			_ = ask(1)
		}
		m.healthy.Store(true)
		time.Sleep(30 * time.Second)
		if err := ask(1); err != nil {
			t.Errorf("when it is back: %v", err)
		}
		m.healthy.Store(false)
		time.Sleep(time.Hour)
		_, _ = ask(1), ask(1) // two failures are no pause yet
		if err := ask(1); err == nil || strings.Contains(err.Error(), "keeps failing") {
			t.Errorf("after two failures: %v", err)
		}
	})
}

// Questions that fail together count once: sixteen are one pause, not
// fourteen.
func TestPauseCountsWhatFailsTogetherOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, d := newMoody(t)
		var group sync.WaitGroup
		for i := range lookup.MaxInFlight {
			group.Go(func() { _, _ = d.Email(t.Context(), strconv.Itoa(i)) })
		}
		group.Wait()
		time.Sleep(time.Second)
		before := m.requests.Load()
		if _, err := d.Email(t.Context(), "mira"); err == nil || m.requests.Load() != before+1 {
			t.Errorf("a second later: %v", err)
		}
	})
}
