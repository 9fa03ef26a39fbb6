package web

import (
	"net/http"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/web/page"
)

// Where the mails of a demo lead, as templates of POSTRIDER_DEEP_LINK and
// POSTRIDER_PREFERENCES_LINK behind the public URL.
const (
	DemoChatLink     = demoChat + "?user={senderUid}&group={guid}"
	DemoSettingsLink = demoSettings + "?user={uid}"

	demoChat     = "/demo/chat"
	demoSettings = "/demo/settings"
)

// maxDemoName is how many bytes of a user's or group's id are shown.
const maxDemoName = 200

// demoRoutes are the pages that a demo's mails lead to. There is no chat behind
// them: they tell whose place they take.
func (s *site) demoRoutes() []route {
	chat := s.layout.Parse(templates, "templates/demo-chat.html")
	settings := s.layout.Parse(templates, "templates/demo-settings.html")
	return []route{
		{"GET " + demoChat, open, s.demoPage(chat)},
		{"GET " + demoSettings, open, s.demoPage(settings)},
	}
}

func (s *site) demoPage(p *page.Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		err := p.Write(w, http.StatusOK, struct{ User, Group string }{s.demoName(query.Get("user")), s.demoName(query.Get("group"))})
		if err != nil {
			s.Logger.Error("write page of the demo", "error", err)
			s.layout.Problem(w, http.StatusInternalServerError, "The page could not be made")
		}
	})
}

// demoName is what somebody or a group is called; those whom the demo does not
// know are called by their id.
func (s *site) demoName(id string) string {
	if id == "" {
		return ""
	}
	if name := s.Demo(id); name != "" {
		return name
	}
	if len(id) <= maxDemoName {
		return id
	}
	end := maxDemoName
	for !utf8.RuneStart(id[end]) {
		end--
	}
	return id[:end] + "…"
}
