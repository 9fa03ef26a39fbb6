package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/provider/address"
)

var appTests = []test{{"are made, closed and deleted with what is theirs", appsKept}}

func appsKept(t *testing.T, f *fixture) {
	now := f.clock.Now()
	one := access.App{Key: "k1", ID: "One", Region: "us", CreatedAt: now}
	two := access.App{Key: "k2", ID: "two", Region: "eu", CreatedAt: now.Add(time.Second)}
	want := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	want("add", f.AddApp(t.Context(), one, 2), nil)
	want("add the same id", f.AddApp(t.Context(), access.App{Key: "k3", ID: "oNE", CreatedAt: now}, 2), access.ErrAppID)
	want("add another", f.AddApp(t.Context(), two, 2), nil)
	want("add too many", f.AddApp(t.Context(), access.App{Key: "k3", ID: "three", CreatedAt: now}, 2), access.ErrTooManyApps)
	for _, app := range []string{"k1", "k2"} {
		want("contact", f.SetContacts(t.Context(), app, []address.Contact{{UID: "ann", Email: "ann@example.com"}}), nil)
	}
	want("delete an open one", f.DeleteApp(t.Context(), "k1", now), access.ErrAppOpen)
	want("close", f.SetAppClosed(t.Context(), "k1", now), nil)
	want("delete too early", f.DeleteApp(t.Context(), "k1", now.Add(-time.Second)), access.ErrAppOpen)
	one.ClosedAt = now
	got, err := f.Apps(t.Context())
	if diff := cmp.Diff([]access.App{one, two}, got); diff != "" || err != nil {
		t.Errorf("%v, apps (-want +got):\n%s", err, diff)
	}
	job := jobs.Job{ID: "j1", App: "k1", State: jobs.Running, StartedAt: now, HeardAt: now}
	want("a job", f.PutJob(t.Context(), &job), nil)
	want("delete while a job runs", f.DeleteApp(t.Context(), "k1", now), access.ErrAppBusy)
	f.clock.Advance(2 * time.Minute)
	want("delete", f.DeleteApp(t.Context(), "k1", now), nil)
	want("delete again", f.DeleteApp(t.Context(), "k1", now), access.ErrNoApp)
	want("close what is gone", f.SetAppClosed(t.Context(), "k1", now), access.ErrNoApp)
	if c, err := f.Contact(t.Context(), "k1", "ann"); err == nil && c.Email != "" {
		t.Errorf("the contact of a deleted app is there: %+v", c)
	}
	if c, err := f.Contact(t.Context(), "k2", "ann"); err != nil || c.Email != "ann@example.com" {
		t.Errorf("the contact of the other app: %+v, %v", c, err)
	}
}
