package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/demo"
	"github.com/postrider/postrider/internal/engine/event"
)

// server remembers what it is told, and accepts it unless refuse says
// otherwise.
type server struct {
	refuse string // a part of a path

	mu     sync.Mutex
	calls  []string // method, path and query
	bodies []string
	events []event.Decoded
	faults []error
}

// address is where the server would be, if there were a network.
const address = "http://localhost:8080"

// RoundTrip implements [http.RoundTripper].
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, r)
	return answer.Result(), nil
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, err)
	if s.refuse != "" && strings.Contains(r.URL.Path, s.refuse) {
		http.Error(w, "no, thank you", http.StatusTeapot)
		return
	}
	if r.URL.Path != "/events" {
		if r.Header.Get("apikey") != "key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.calls = append(s.calls, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("onBehalfOf")))
		s.bodies = append(s.bodies, string(body))
		return
	}
	if user, password, _ := r.BasicAuth(); user != "events" || password != "secret" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	events, err := event.Decode(body)
	s.faults = append(s.faults, err)
	s.events = append(s.events, events...)
}

func (s *server) target() *demo.Target {
	return &demo.Target{
		URL: address, Events: demo.Login{Username: "events", Password: "secret"},
		Webhook: demo.Login{Username: "hook", Password: "hook-secret"}, APIKey: "key", Client: &http.Client{Transport: s},
	}
}

func count[T chat.Change](s *server) (n int) {
	for _, e := range s.events {
		if _, ok := e.Change.(T); ok {
			n++
		}
	}
	return n
}

// A play that is broken off ends at once.
func TestStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		start := time.Now()
		err := new(server).target().Play(ctx, time.Now, func(string) { stop() })
		if !errors.Is(err, context.Canceled) || time.Since(start) > 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// TestPlay plays the whole story, and looks for everything that was promised
// of it.
func TestPlay(t *testing.T) {
	t.Parallel()
	s := new(server)
	var acts []string
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := s.target().Play(t.Context(), time.Now, func(act string) { acts = append(acts, act) }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 10*time.Second || took > 15*time.Second {
			t.Errorf("it takes %v: is it alive, and not too long?", took)
		}
	})
	for _, err := range s.faults {
		if err != nil {
			t.Error(err)
		}
	}
	if len(acts) < 5 {
		t.Errorf("%d acts", len(acts))
	}
	for _, act := range acts {
		if strings.Contains(act, "\n") || len(act) > 120 {
			t.Errorf("an act is one short line, not %q", act)
		}
	}
	members := make(map[string][]string)
	people := make(map[string]bool)
	var words []chat.Message
	for _, e := range s.events {
		if !event.Known(e.Trigger) || e.Change == nil {
			t.Errorf("%s changes nothing", e.Trigger)
		}
		for _, u := range e.Users {
			people[u.UID] = people[u.UID] || u.Name != ""
		}
		switch change := e.Change.(type) {
		case chat.GroupChanged:
			for _, m := range change.Members {
				members[change.Group.GUID] = append(members[change.Group.GUID], m.UID)
			}
		case chat.MessageSent:
			words = append(words, change.Message)
		}
	}
	if len(people) != 10 || len(members) != 3 {
		t.Errorf("%d people in %d groups: %v %v", len(people), len(members), people, members)
	}
	for uid, named := range people {
		if !named {
			t.Errorf("%s has no name", uid)
		}
	}
	for _, m := range words {
		if guid, ok := m.Conversation.Group(); ok && !slices.Contains(members[guid], m.Sender) {
			t.Errorf("%s writes in %s and is no member: %s", m.Sender, guid, m.Body)
		}
		for _, uid := range m.Mentions {
			if guid, ok := m.Conversation.Group(); ok && !slices.Contains(members[guid], uid) {
				t.Errorf("%s is mentioned in %s and is no member", uid, guid)
			}
		}
	}
	holds := func(what string, is func(*chat.Message) bool) {
		t.Helper()
		if !slices.ContainsFunc(words, func(m chat.Message) bool { return is(&m) }) {
			t.Errorf("there is no %s", what)
		}
	}
	holds("reply", func(m *chat.Message) bool { return m.Kind() == chat.KindReply })
	holds("quoted reply", func(m *chat.Message) bool { return m.Kind() == chat.KindQuotedReply })
	holds("mention", func(m *chat.Message) bool { return len(m.Mentions) > 0 })
	holds("mention of everybody", func(m *chat.Message) bool { return m.MentionsAll })
	holds("image", func(m *chat.Message) bool { return m.Type == "image" })
	holds("audio", func(m *chat.Message) bool { return m.Type == "audio" })
	holds("poll", func(m *chat.Message) bool { return m.Type == "extension_poll" })
	holds("one-on-one message", func(m *chat.Message) bool { return m.Conversation.Type() == chat.ReceiverUser })
	for what, n := range map[string]int{
		"receipt": count[chat.Read](s), "edit": count[chat.MessageEdited](s), "deletion": count[chat.MessageDeleted](s), "block": count[chat.Blocked](s),
	} {
		if n == 0 {
			t.Errorf("there is no %s", what)
		}
	}
}

// What is set, and that a window of which people know nothing is not opened
// under settings that come later.
func TestSetup(t *testing.T) {
	t.Parallel()
	s := new(server)
	s.refuse = "/events" // stops the rest
	err := s.target().Play(t.Context(), time.Now, func(act string) { t.Errorf("%q is announced", act) })
	if err == nil || !strings.Contains(err.Error(), "/events") || !strings.Contains(err.Error(), "no, thank you") {
		t.Errorf("a refusal is told as %v", err)
	}
	want := []string{"POST /v3/notifications/email/v1/providers/custom", "PATCH /v3/notifications/v1/settings"}
	if !slices.Equal(want, s.calls) {
		t.Errorf("before the first event it calls %q, want %q", s.calls, want)
	}
	var provider struct {
		WebhookURL, BasicAuthUsername, BasicAuthPassword string
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(s.bodies[0])))
	if err := decoder.Decode(&provider); err != nil || provider.WebhookURL != address+"/webhook" || provider.BasicAuthPassword != "hook-secret" {
		t.Errorf("the provider is %+v, %v", provider, err)
	}
}

// Every call that is refused ends the play, and names itself.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"providers/custom", "v1/settings", "contact-details", "preferences", "mute", "timezone"} {
		s := new(server)
		s.refuse = path
		if err := s.target().Play(t.Context(), time.Now, func(string) {}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s is refused, and that is told as %v", path, err)
		}
	}
}
