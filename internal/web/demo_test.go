package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/web"
)

// The pages that a demo's mails lead to are there in a demo only, say whom they
// are about, and take nobody's word for HTML.
func TestDemoPages(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	s := start(t, cfg)
	for _, path := range []string{"/demo/chat", "/demo/settings"} {
		if got := s.ask(t, "GET", path, nil).status; got != http.StatusNotFound {
			t.Errorf("%s without a demo: %d", path, got)
		}
	}
	cfg.Demo = func(id string) string {
		return map[string]string{"susan": "Susan Marie", "hikers": "Hiking <Group>"}[id]
	}
	open, _, _, _ := web.Guarded(cfg)
	if !slices.Contains(open, "GET /demo/chat") || !slices.Contains(open, "GET /demo/settings") {
		t.Errorf("open are %v", open)
	}
	s = start(t, cfg)
	fill := strings.NewReplacer("{senderUid}", "susan", "{uid}", "susan", "{guid}", "hikers").Replace
	for _, test := range []struct{ path, has string }{
		{fill(web.DemoChatLink), "<h1>Hiking &lt;Group&gt;</h1>"},
		{fill(web.DemoSettingsLink), "<h1>Email settings of Susan Marie</h1>"},
		{"/demo/chat?user=susan&group=", "the conversation with Susan Marie:"},
		{"/demo/chat", "<h1>The conversation</h1>"},
		{"/demo/settings?user=", "<h1>Email settings</h1>"},
		{"/demo/chat?user=%3Cscript%3E", "<h1>&lt;script&gt;</h1>"},
		{"/demo/chat?user=" + strings.Repeat("%C3%A4", 150), "<h1>" + strings.Repeat("ä", 100) + "…</h1>"},
	} {
		got := s.ask(t, "GET", test.path, nil)
		if got.status != http.StatusOK || !strings.Contains(got.body, test.has) {
			t.Errorf("%s: %d, without %q:\n%s", test.path, got.status, test.has, got.body)
		}
	}
}
