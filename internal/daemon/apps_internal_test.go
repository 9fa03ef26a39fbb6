package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/outbox"
)

// newDaemon opens a daemon that is not run: its handler can be asked.
func newDaemon(t *testing.T, appID string) *Daemon {
	t.Helper()
	d := newDaemonAt(t, appID, 1)
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func newDaemonAt(t *testing.T, appID string, speed float64) *Daemon {
	t.Helper()
	var s Settings
	off := ""
	s.DataDir, s.AppID, s.Region = t.TempDir(), appID, "us"
	s.Listen, s.MetricsListen = "127.0.0.1:0", &off
	s.AdminUsername, s.WebhookAuth, s.Speed = "admin", "any", speed
	s.AllowPrivateTargets, s.PublicURL = true, "http://postrider.example.com"
	s.MaxBody, s.MaxAge, s.Retention = 1<<20, 72*time.Hour, 336*time.Hour
	s.EmailRetrySchedule, s.ProviderRetrySchedule = []time.Duration{time.Minute}, []time.Duration{time.Minute}
	s.BrandColor = "#0f6e67"
	if err := s.From.UnmarshalText([]byte("Chat <chat@example.com>")); err != nil {
		t.Fatal(err)
	}
	d, err := New(t.Context(), s, Options{
		Clock: time.Now, Random: func() float64 { return 0.5 }, Logger: slog.New(slog.DiscardHandler), Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *Daemon) testPair(t *testing.T, app access.App, name string) [2]string {
	t.Helper()
	login, err := d.logins.Get(t.Context(), &app, name)
	if err != nil {
		t.Fatal(err)
	}
	return [2]string{login.Username, login.Password}
}

func (d *Daemon) testPost(t *testing.T, path string, pair [2]string, body string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(pair[0], pair[1])
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Code
}

func digestOf(app string) string {
	return `{"trigger":"email-notification-payload-generated","webhook":"custom","appId":"` + app + `","data":{"to":{"uid":"a"},` +
		`"messages":[{"sender":{"uid":"b"},"message":"Hello"}],"senderDetails":{"uid":"b"}}}`
}

func eventOf(app string) string {
	return `{"trigger":"user_created","appId":"` + app + `","data":{"uid":"ann","name":"Ann"}}`
}

// Each app has addresses and credentials of its own, from the moment it is made,
// and what comes there is its own.
func TestSecondApp(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, "first")
	second, err := d.apps.Create(t.Context(), "second", "eu")
	if err != nil {
		t.Fatal(err)
	}
	first := d.apps.Default()
	for _, test := range []struct {
		name, path string
		app        access.App
		credential string
		body       string
		status     int
	}{
		{"the default app's", "/webhook", first, access.NameWebhook, digestOf("first"), http.StatusOK},
		{"the default app's by its id", "/webhook/first", first, access.NameWebhook, digestOf("first"), http.StatusOK},
		{"the second app's", "/webhook/second", second, access.NameWebhook, digestOf("second"), http.StatusOK},
		{"another appId", "/webhook/second", second, access.NameWebhook, digestOf("first"), http.StatusForbidden},
		{"the other's appId", "/webhook", first, access.NameWebhook, digestOf("second"), http.StatusForbidden},
		{"the default app's credentials", "/webhook/second", first, access.NameWebhook, digestOf("second"), http.StatusUnauthorized},
		{"the second app's credentials", "/webhook/first", second, access.NameWebhook, digestOf("first"), http.StatusUnauthorized},
		{"credentials of /events", "/webhook/second", second, access.NameEvents, digestOf("second"), http.StatusUnauthorized},
		{"an unknown app", "/webhook/third", first, access.NameWebhook, digestOf("third"), http.StatusNotFound},
		{"the default app's events", "/events", first, access.NameEvents, eventOf("first"), http.StatusOK},
		{"the second app's events", "/events/second", second, access.NameEvents, eventOf("second"), http.StatusOK},
		{"events of another app", "/events/second", second, access.NameEvents, eventOf("first"), http.StatusForbidden},
		{"events with the default app's credentials", "/events/second", first, access.NameEvents, eventOf("second"), http.StatusUnauthorized},
		{"events of an unknown app", "/events/third", first, access.NameEvents, eventOf("third"), http.StatusNotFound},
	} {
		if got := d.testPost(t, test.path, d.testPair(t, test.app, test.credential), test.body); got != test.status {
			t.Errorf("%s: %d, want %d", test.name, got, test.status)
		}
	}
	for _, app := range []access.App{first, second} {
		found, err := d.data.Store.List(t.Context(), outbox.Filter{App: app.Key}, 10)
		if want := 1; len(found) != want || err != nil {
			t.Errorf("the log of %s has %d deliveries, %v; want %d", app.ID, len(found), err, want)
		}
	}
}

// While nobody has said the default app's id, it takes every id but other apps'.
func TestDefaultAppOfAnyID(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, "")
	if _, err := d.apps.Create(t.Context(), "second", "eu"); err != nil {
		t.Fatal(err)
	}
	pair := d.testPair(t, d.apps.Default(), access.NameWebhook)
	for path, want := range map[string]map[string]int{
		"/webhook":          {"anything": http.StatusOK, "second": http.StatusForbidden},
		"/webhook/anything": {"other": http.StatusOK, "second": http.StatusForbidden},
		"/webhook/second":   {"second": http.StatusUnauthorized},
	} {
		for id, status := range want {
			if got := d.testPost(t, path, pair, digestOf(id)); got != status {
				t.Errorf("%s with the appId %s: %d, want %d", path, id, got, status)
			}
		}
	}
}

// A closed app takes nothing, and is forgotten only when nothing of it waits.
func TestClosedApp(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, "first")
	app, err := d.apps.Create(t.Context(), "second", "in")
	if err != nil {
		t.Fatal(err)
	}
	pair := d.testPair(t, app, access.NameWebhook)
	must := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	must("delete an open app", d.apps.Delete(t.Context(), app.Key), access.ErrAppOpen)
	if got := d.testPost(t, "/webhook/second", pair, digestOf("second")); got != http.StatusOK {
		t.Errorf("open: %d", got)
	}
	must("close", d.apps.Close(t.Context(), app.Key), nil)
	if got := d.testPost(t, "/webhook/second", pair, digestOf("second")); got != http.StatusNotFound {
		t.Errorf("closed: %d, want 404", got)
	}
	// What its engine has decided before still comes to its own provider.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.settings.PublicURL+"/webhook/second", strings.NewReader(digestOf("second")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(pair[0], pair[1])
	answer, err := d.here.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("closed, called by our own engine: %d, want 200", answer.StatusCode)
	}
	must("delete at once", d.apps.Delete(t.Context(), app.Key), access.ErrAppOpen)
	later := time.Now().Add(time.Hour)
	must("delete while a mail waits", d.data.Store.DeleteApp(t.Context(), app.Key, later), access.ErrAppBusy)
	must("reopen", d.apps.Reopen(t.Context(), app.Key), nil)
	if got := d.testPost(t, "/webhook/second", pair, digestOf("second")); got != http.StatusOK {
		t.Errorf("open again: %d", got)
	}
	must("close what is not there", d.apps.Close(context.WithoutCancel(t.Context()), "nothing"), access.ErrNoApp)
}

// A call of an app that is gone ends; one of an app that is not known yet waits.
func TestCallOfAnAppThatIsGone(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, "first")
	for age, want := range map[time.Duration]outbox.State{time.Second: outbox.Pending, time.Hour: outbox.Failed} {
		got := d.engine.Handle(t.Context(), outbox.Claimed{Delivery: outbox.Delivery{ID: "1", App: "gone", Lane: outbox.LaneCall, CreatedAt: time.Now().Add(-age)}})
		if got.State != want || want == outbox.Failed && got.Reason == "" {
			t.Errorf("after %v: %+v, want %s", age, got, want)
		}
	}
}
