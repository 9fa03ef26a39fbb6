package dashboard_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/web/dashboard"
)

func TestOverview(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.fill(t)
	vera := s.as(t, "vera")
	vera.get(t, "/dashboard").contains(t, "Nothing needs attention.")
	vera.get(t, "/dashboard").lacks(t, "<svg class=\"chart\"")
	s.converse(t)
	for _, path := range []string{"/dashboard", "/dashboard?by=day", "/dashboard?by=nothing"} {
		page := vera.get(t, path)
		page.contains(t, "1 mail failed in the last day", "Refused for good.", "1 notification was not told in the last day", "/dashboard/log?reason=MISSING_EMAIL",
			"/dashboard/log?channel=mail&amp;reason=REJECTED&amp;status=failed", "Notifications: 1 sent, 1 skipped, 0 failed", "Mails: 0 sent, 0 skipped, 1 failed")
		page.lacks(t, "Nothing needs attention.", "First steps")
	}
	vera.get(t, "/dashboard").contains(t, "23 Nov, 14:00 UTC: 1 sent, 1 skipped, 0 failed")
	vera.get(t, "/dashboard?by=day").contains(t, "Mon, 23 Nov (UTC): 1 sent, 1 skipped, 0 failed")

	s.clock.advance(10 * time.Minute) // what xia waits for is late
	vera.get(t, "/dashboard").contains(t, "Calls are late", "/dashboard/log?status=waiting")
	s.clock.advance(3 * 24 * time.Hour)
	page := vera.get(t, "/dashboard")
	page.contains(t, "Nothing in this time", "30 days")
	page.lacks(t, "failed in the last day")
}

// bars counts the bars of each class in the charts of a page.
func bars(t *testing.T, page reply) map[string]int {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page.body))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int)
	for node := range root.Descendants() {
		for _, a := range node.Attr {
			if node.Data == "rect" && a.Key == "class" {
				found[a.Val]++
			}
		}
	}
	return found
}

func TestCharts(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	for range 3 {
		s.converse(t)
	}
	vera := s.as(t, "vera")
	for by, want := range map[string]struct{ hit, part int }{"hour": {2 * 48, 3}, "day": {2 * 30, 1}} {
		got := bars(t, vera.get(t, "/dashboard?by="+by))
		if got["hit"] != want.hit || got["sent"] != want.part || got["skipped"] != want.part || got["failed"] != want.part {
			t.Errorf("by %s: %v, want %d bars, and %d with something of each", by, got, want.hit, want.part)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{health: []dashboard.Health{
		{Name: "https://down.example.com", Kind: dashboard.HealthProvider, Paused: true, Failures: 7, Since: noon.Add(-time.Hour), ProbeAt: noon.Add(5 * time.Minute)},
		{Name: "https://odd.example.com", Kind: dashboard.HealthProvider, Failures: 1},
		{Name: "smtp.example.com:587", Kind: dashboard.HealthGateway, Paused: true, ProbeAt: noon, Cause: "connect: refused"},
		{Name: "sendgrid", Kind: dashboard.HealthProvider},
	}})
	s.as(t, "vera").get(t, "/dashboard").contains(t,
		"Provider paused: https://down.example.com", "7 failures in a row. The next try is 5 minutes from now.",
		"Gateway paused: smtp.example.com:587", "Connect: refused. It is being tried.", "unsteady", "1 failure in a row", ">works</span>", "2026-11-23 11:00:00.000 UTC")
}

func TestNothingSent(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.say(t, "ada", "vic")
	s.clock.advance(2 * time.Hour)
	s.decide(t)
	s.settle(t, outbox.LaneCall, "vic", outbox.Failed, string(chat.ReasonTimedOut), 0, "no answer")
	vera := s.as(t, "vera")
	vera.get(t, "/dashboard").contains(t, "Nothing was sent in the last day", "1 notification came to nothing.", "1 call failed in the last day", "No answer in time.")
	s.converse(t)
	vera.get(t, "/dashboard").lacks(t, "Nothing was sent in the last day")
}
