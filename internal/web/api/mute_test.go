package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
