package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

func TestMute(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.people(t, "mira-17")
	const path = "/notifications/v1/preferences/mute?uid=mira-17"
	soon, later := s.clock.Now().Add(time.Hour).UnixMilli(), s.clock.Now().Add(2*time.Hour).UnixMilli()
	expect := func(want ...any) {
		t.Helper()
		got := s.call(t, http.MethodGet, path, "").data(t)["mutedConversations"]
		if want == nil {
			want = []any{}
		}
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Error(diff)
		}
	}
	muted := func(id, kind string, until int64) any {
		return map[string]any{"id": id, "type": kind, "until": float64(until)}
	}
	expect()
	s.call(t, http.MethodPut, path, fmt.Sprintf(`{"conversations":[{"id":"Club","type":"group","until":%d},{"id":"otto-4","type":"oneOnOne","until":%d}]}`,
		soon, soon)).data(t)
	s.call(t, http.MethodPut, path, fmt.Sprintf(`{"conversations":[{"id":"club","type":"group","until":%d}]}`, later)).data(t)
	expect(muted("club", "group", later), muted("otto-4", "oneOnOne", soon))
	for body, fields := range map[string][]string{
		`{}`:                     {"conversations"},
		`{"conversations":"x"}`:  {"conversations"},
		`{"conversations":[7]}`:  {"conversations.0"},
		`{"conversations":[{}]}`: {"conversations.0.id", "conversations.0.type", "conversations.0.until"},
		fmt.Sprintf(`{"conversations":[{"id":"x","type":"group","until":%d},{"id":"y","type":"channel","until":%d}]}`, later, later): {"conversations.1.type"},
		fmt.Sprintf(`{"conversations":[{"id":"x","type":"group","until":%d}]}`, s.clock.Now().UnixMilli()):                           {"conversations.0.until"},
		fmt.Sprintf(`{"conversations":[{"id":"bad id!","type":"oneOnOne","until":%d}]}`, later):                                      {"conversations.0.id"},
		fmt.Sprintf(`{"conversations":[{"id":"x","type":"group","until":%d},{"id":"a/b","type":"group","until":%[1]d}]}`, later):     {"conversations.1.id"},
		fmt.Sprintf(`{"conversations":[{"id":"%s","type":"group","until":%d}]}`, strings.Repeat("x", 101), later):                    {"conversations.0.id"},
	} {
		s.call(t, http.MethodPut, path, body).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", fields...)
	}
	expect(muted("club", "group", later), muted("otto-4", "oneOnOne", soon))
	// They end by themselves.
	s.clock.Advance(time.Hour)
	expect(muted("club", "group", later))
	s.call(t, http.MethodDelete, path, `{"conversations":[{"id":"CLUB","type":"oneOnOne"}]}`).data(t)
	expect(muted("club", "group", later))
	s.call(t, http.MethodDelete, path, `{"conversations":[{"id":"CLUB","type":"group"}]}`).data(t)
	expect()
	// Where the app does not let people mute, it is ignored (S19).
	s.call(t, http.MethodPatch, "/notifications/v1/settings", `{"preferences":{"mute":{"mutedGroupsOverride":false}}}`).data(t)
	s.call(t, http.MethodPut, path, fmt.Sprintf(`{"conversations":[{"id":"club","type":"group","until":%d},{"id":"otto-4","type":"oneOnOne","until":%d}]}`,
		later, later)).data(t)
	expect(muted("otto-4", "oneOnOne", later))
}

// What was muted before ids were looked at can be unmuted.
func TestUnmuteTakesAnyID(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.people(t, "mira-17")
	const path = "/notifications/v1/preferences/mute?uid=mira-17"
	until := s.clock.Now().Add(time.Hour)
	if err := s.store.Mute(t.Context(), app, "mira-17", []chat.Mute{{Type: chat.ReceiverGroup, ID: "bad id!", Until: until}}); err != nil {
		t.Fatal(err)
	}
	s.call(t, http.MethodDelete, path, `{"conversations":[{"id":"Bad id!","type":"group"}]}`).data(t)
	if left := s.call(t, http.MethodGet, path, "").data(t)["mutedConversations"].([]any); len(left) != 0 {
		t.Errorf("muted are still %v", left)
	}
}
