package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUserIsMade(t *testing.T) {
	t.Parallel()
	s := settle(t)
	at := s.server.clock.Now().Unix()
	got := s.call(t, http.MethodPost, "/users", `{"uid":"Mira-17","name":"Mira Oduya","avatar":"https://example.com/a.png","link":"https://example.com/m",
		"metadata":{"@private":{"email":"mira@example.com"}},"tags":["one"],"role":"coach","statusMessage":"hi","withAuthToken":true,"nothing":null}`)
	want := fmt.Sprintf(`{"data":{"uid":"mira-17","name":"Mira Oduya","link":"https://example.com/m","avatar":"https://example.com/a.png",`+
		`"metadata":{"@private":{"email":"mira@example.com"}},"status":"offline","role":"coach","statusMessage":"hi","createdAt":%d,"tags":["one"]}}`, at)
	if diff := cmp.Diff(want, strings.TrimSpace(got.body)); diff != "" {
		t.Error(diff)
	}
	got = s.call(t, http.MethodPost, "/users", `{"uid":"mira-17","name":"Mira"}`)
	got.refused(t, 400, "ERR_UID_ALREADY_EXISTS")
	if !strings.Contains(got.body, "The uid mira-17 already exists. Please use another uid or try after permanently deleting the user.") {
		t.Errorf("the text is %s", got.body)
	}
	s.call(t, http.MethodPost, "/users", `{"uid":"app_system","name":"x"}`).refused(t, 400, "ERR_UID_ALREADY_EXISTS")
	if got := s.call(t, http.MethodGet, "/users/MIRA-17", "[]").said(t, "uid"); got != "mira-17" {
		t.Errorf("asked for in capitals: %q", got)
	}
	// Who was only learned from events is completed.
	s.exec(t, `INSERT INTO users (app, uid, name, avatar, created_at) VALUES ('app', 'otto-4', 'Otto', 'https://example.com/o.png', 5000)`)
	got = s.call(t, http.MethodPost, "/users", `{"uid":"otto-4","name":"Otto Brandt"}`)
	if got.said(t, "avatar") == "" || got.said(t, "name") != "Otto Brandt" || got.data(t)["createdAt"] != 5.0 {
		t.Errorf("completed as %s", got.body)
	}
	s.call(t, http.MethodPost, "/users", `{"uid":"otto-4","name":"Otto"}`).refused(t, 400, "ERR_UID_ALREADY_EXISTS")
}

func TestUserMetadata(t *testing.T) {
	t.Parallel()
	s := settle(t)
	for i, c := range []struct{ sent, want string }{
		{`{"a":1}`, `{"a":1}`},
		{`"{\"a\":1}"`, `{"a":1}`},
		{`"plain"`, `{"rawMetadata":"plain"}`},
		{`"[1]"`, `{"rawMetadata":"[1]"}`},
		{`[]`, ``},
		{`null`, ``},
		{`""`, ``},
		{`{}`, `{}`},
	} {
		got := s.call(t, http.MethodPost, "/users", fmt.Sprintf(`{"uid":"u%d","name":"x","metadata":%s}`, i, c.sent))
		got.data(t)
		has := strings.Contains(got.body, `"metadata":`)
		if has != (c.want != "") || !strings.Contains(got.body, c.want) {
			t.Errorf("%s: %s, want %s", c.sent, got.body, c.want)
		}
	}
}

func TestUserIsRefused(t *testing.T) {
	t.Parallel()
	s := settle(t)
	long := strings.Repeat("x", 101)
	for name, c := range map[string]struct {
		body   string
		fields []string
	}{
		"nothing":              {`{}`, []string{"uid", "name"}},
		"blank":                {`{"uid":"","name":" "}`, []string{"uid", "name"}},
		"signs in the id":      {`{"uid":"a b","name":"x"}`, []string{"uid"}},
		"a sign at the end":    {`{"uid":"ab.c-","name":"x"}`, []string{"uid"}},
		"too long":             {`{"uid":"` + long + `","name":"` + long + `"}`, []string{"uid", "name"}},
		"no URL":               {`{"uid":"a","name":"x","avatar":"nonsense","link":"ftp:/x"}`, []string{"avatar", "link"}},
		"no texts":             {`{"uid":1,"name":["x"]}`, []string{"uid", "name"}},
		"no object":            {`{"uid":"a","name":"x","metadata":[1]}`, []string{"metadata"}},
		"a number as object":   {`{"uid":"a","name":"x","metadata":7}`, []string{"metadata"}},
		"a large object":       {`{"uid":"a","name":"x","metadata":{"a":"` + strings.Repeat("x", 5<<10) + `"}}`, []string{"metadata"}},
		"a role with signs":    {`{"uid":"a","name":"x","role":"a/b"}`, []string{"role"}},
		"a blank tag":          {`{"uid":"a","name":"x","tags":["x",""]}`, []string{"tags.1"}},
		"a long tag":           {`{"uid":"a","name":"x","tags":["` + long + `"]}`, []string{"tags.0"}},
		"many tags":            {`{"uid":"a","name":"x","tags":["a"` + strings.Repeat(`,"a"`, 25) + `]}`, []string{"tags"}},
		"tags that are a text": {`{"uid":"a","name":"x","tags":"a,b"}`, []string{"tags"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.call(t, http.MethodPost, "/users", c.body).refused(t, 400, "ERR_BAD_REQUEST", c.fields...)
		})
	}
	if got, _ := s.call(t, http.MethodGet, "/users", "").ids(t, "uid"); len(got) > 0 {
		t.Errorf("stored all the same: %q", got)
	}
	if got := s.call(t, http.MethodPost, "/users", `{"uid":"a","name":"`+strings.Repeat("x", 11<<10)+`"}`); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", got.status)
	}
}

func TestUserChanges(t *testing.T) {
	t.Parallel()
	s := settle(t)
	s.call(t, http.MethodPost, "/users", `{"uid":"a","name":"A","avatar":"https://example.com/a","metadata":{"x":1},"tags":["t"]}`).data(t)
	s.server.clock.Advance(time.Hour)
	got := s.call(t, http.MethodPut, "/users/A", `{"name":"B","avatar":null,"tags":["u","v"]}`)
	if got.said(t, "name") != "B" || got.said(t, "avatar") == "" || !strings.Contains(got.body, `"tags":["u","v"]`) || got.data(t)["updatedAt"] == nil {
		t.Errorf("changed to %s", got.body)
	}
	got = s.call(t, http.MethodPut, "/users/a", `{"unset":["avatar","metadata"]}`)
	if strings.Contains(got.body, "avatar") || strings.Contains(got.body, "metadata") {
		t.Errorf("not unset: %s", got.body)
	}
	s.call(t, http.MethodPut, "/users/a", "[]").data(t)
	s.call(t, http.MethodPut, "/users/a", `{"name":"","avatar":"x"}`).refused(t, 400, "ERR_BAD_REQUEST", "name", "avatar")
	s.call(t, http.MethodPut, "/users/a", `{"unset":["avatar","name"]}`).refused(t, 400, "ERR_BAD_REQUEST", "unset.1")
	for _, uid := range []string{"nobody", "app_system", "not%20an%20id"} {
		s.call(t, http.MethodPut, "/users/"+uid, `{"name":"x"}`).refused(t, 404, "ERR_UID_NOT_FOUND")
		s.call(t, http.MethodGet, "/users/"+uid, "").refused(t, 404, "ERR_UID_NOT_FOUND")
		s.call(t, http.MethodDelete, "/users/"+uid, "").refused(t, 404, "ERR_UID_NOT_FOUND")
		s.call(t, http.MethodDelete, "/users/"+uid, `{"permanent":true}`).refused(t, 404, "ERR_UID_NOT_FOUND")
	}
}

func TestUsersComeAndGo(t *testing.T) {
	t.Parallel()
	s := settle(t, "a", "b", "c")
	is := func(method, path, body, want string) {
		t.Helper()
		if got := strings.TrimSpace(s.call(t, method, path, body).body); got != want {
			t.Errorf("%s %s %s: %s, want %s", method, path, body, got, want)
		}
	}
	is("DELETE", "/users/a", "", `{"data":{"deactivatedUids":["a"]}}`)
	s.call(t, http.MethodGet, "/users/a", "").refused(t, 404, "ERR_UID_NOT_FOUND")
	s.call(t, http.MethodDelete, "/users/a", `{"permanent":false}`).refused(t, 404, "ERR_UID_NOT_FOUND")
	s.call(t, http.MethodPost, "/users", `{"uid":"a","name":"x"}`).refused(t, 400, "ERR_UID_ALREADY_EXISTS")
	is("DELETE", "/users", `{"uidsToDeactivate":["A","B","Nobody","b"]}`, `{"data":{"deactivatedUids":["b"],"alreadyDeactivatedUids":["a"],"notFound":["Nobody"]}}`)
	is("PUT", "/users", `{"uidsToActivate":["b","c","Nobody"]}`, `{"data":{"reactivatedUids":["b"],"nonDeactivatedUids":["c"],"notFound":["Nobody"]}}`)
	is("PUT", "/users", `{"uidsToActivate":[]}`, `{"data":{}}`)
	s.call(t, http.MethodPut, "/users", ``).refused(t, 400, "ERR_BAD_REQUEST", "uidsToActivate")
	s.call(t, http.MethodDelete, "/users", `{"uidsToDeactivate":"a"}`).refused(t, 400, "ERR_BAD_REQUEST", "uidsToDeactivate")
	is("DELETE", "/users/A", `{"permanent":true}`, `{"data":{"success":true,"message":"User with UID a has been deleted successfully."}}`)
	is("PUT", "/users", `{"uidsToActivate":["a"]}`, `{"data":{"notFound":["a"]}}`)
	s.make(t, "a")
}

func TestUserList(t *testing.T) {
	t.Parallel()
	s := settle(t, "alma", "berta", "carl")
	s.call(t, http.MethodPost, "/users", `{"uid":"dora","name":"Al Ma","role":"coach","tags":["x"]}`).data(t)
	s.call(t, http.MethodDelete, "/users/carl", "").data(t)
	for query, want := range map[string][]string{
		"":                                  {"dora", "berta", "alma"},
		"?perPage=2":                        {"dora", "berta"},
		"?perPage=2&page=2":                 {"alma"},
		"?perPage=0&page=-1":                {"dora"},
		"?perPage=100000":                   {"dora", "berta", "alma"},
		"?searchKey=AL":                     {"dora", "alma"},
		"?searchKey=al&searchIn=uid":        {"alma"},
		"?searchKey=al&searchIn[]=name":     {"dora"},
		"?role=coach":                       {"dora"},
		"?roles=coach,default":              {"dora", "berta", "alma"},
		"?tags=x,y":                         {"dora"},
		"?status=available":                 {},
		"?status=offline&withDeactivated=1": {"dora", "carl", "berta", "alma"},
		"?onlyDeactivated=true":             {"carl"},
	} {
		if got, _ := s.call(t, http.MethodGet, "/users"+query, "").ids(t, "uid"); !cmp.Equal(want, got) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	got := s.call(t, http.MethodGet, "/users?perPage=2", "")
	_, meta := got.ids(t, "uid")
	want := map[string]any{
		"pagination": map[string]any{"total": 3.0, "count": 2.0, "per_page": 2.0, "current_page": 1.0, "total_pages": 2.0},
		"cursor":     map[string]any{"updatedAt": float64(s.server.clock.Now().Unix()), "affix": "prepend"},
	}
	if diff := cmp.Diff(want, meta); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(got.body, `"tags"`) {
		t.Error("tags are shown without being asked for")
	}
	if got := s.call(t, http.MethodGet, "/users?withTags=true&tags=x", ""); !strings.Contains(got.body, `"tags":["x"]`) {
		t.Errorf("tags are not shown: %s", got.body)
	}
	for query, field := range map[string]string{"?page=x": "page", "?perPage=x": "perPage", "?status=busy": "status", "?withTags=x": "withTags"} {
		s.call(t, http.MethodGet, "/users"+query, "").refused(t, 400, "ERR_BAD_REQUEST", field)
	}
}
