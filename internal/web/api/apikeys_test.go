package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/access"
)

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	made := s.call(t, http.MethodPost, "/apikeys", `{"name":"Mailer","scope":"fullAccess"}`).data(t)
	key, _ := made["apiKey"].(string)
	if len(key) != 40 || strings.Trim(key, "0123456789abcdef") != "" || made["name"] != "Mailer" || made["scope"] != "fullAccess" {
		t.Fatalf("made %v", made)
	}
	want := map[string]any{"apiKey": key, "name": "Mailer", "scope": "fullAccess", "createdAt": float64(s.clock.Now().Unix())}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Error(diff)
	}
	mask := access.MaskKey(key)
	if mask != key[:5]+strings.Repeat("*", 30)+key[35:] {
		t.Errorf("mask %s", mask)
	}
	small := s.call(t, http.MethodPost, "/apikeys", `{"name":"Small"}`).data(t)
	if small["scope"] != "authOnly" {
		t.Errorf("without a scope: %v", small)
	}
	for _, name := range []string{key, mask} {
		shown := s.call(t, http.MethodGet, "/apikeys/"+name, "")
		if shown.data(t)["apiKey"] != mask || strings.Contains(shown.body, key) {
			t.Errorf("shown as %s", shown.body)
		}
	}
	list := s.call(t, http.MethodGet, "/apikeys?perPage=2&page=2", "")
	if strings.Contains(list.body, key) || len(list.value["data"].([]any)) != 1 || !strings.Contains(list.body, `"total":3,"count":1,"per_page":2,"current_page":2,"total_pages":2`) {
		t.Errorf("second page: %s", list.body)
	}
	for query, want := range map[string]int{"searchKey=MAIL": 1, "scope=authOnly": 1, "scope=none": 0, "page=9": 0, "perPage=0": 1, "perPage=5000": 3} {
		if got := s.call(t, http.MethodGet, "/apikeys?"+query, ""); len(got.value["data"].([]any)) != want {
			t.Errorf("%s: %s, want %d", query, got.body, want)
		}
	}
	s.call(t, http.MethodGet, "/apikeys?perPage=x", "").refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "perPage")

	s.call(t, http.MethodPost, "/apikeys", `{"name":"Mailer"}`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "name")
	s.call(t, http.MethodPost, "/apikeys", `{"scope":"all"}`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "name", "scope")
	s.call(t, http.MethodPost, "/apikeys", `{"name":"`+strings.Repeat("ü", 101)+`"}`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "name")

	if got := s.call(t, http.MethodPut, "/apikeys/"+key, `{"name":"Mails"}`).data(t); got["name"] != "Mails" || got["scope"] != "fullAccess" {
		t.Errorf("renamed: %v", got)
	}
	s.call(t, http.MethodPut, "/apikeys/"+key, `{"name":""}`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "name")
	s.call(t, http.MethodPut, "/apikeys/"+key, `{"name":"Small"}`).refused(t, http.StatusBadRequest, "ERR_BAD_REQUEST", "name")
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		s.call(t, method, "/apikeys/"+firstKey, `{"name":"x"}`).refused(t, http.StatusForbidden, "ERR_APIKEY_NO_SELF_ACTION")
		s.call(t, method, "/apikeys/nothing", `{"name":"x"}`).refused(t, http.StatusNotFound, "ERR_APIKEY_NOT_FOUND")
	}
	// A key that was deleted is worth nothing at once.
	s.call(t, http.MethodGet, "/apikeys", "", "apikey", key)
	s.call(t, http.MethodDelete, "/apikeys/"+key, "").data(t)
	s.call(t, http.MethodGet, "/apikeys", "", "apikey", key).refused(t, http.StatusUnauthorized, "AUTH_ERR_APIKEY_NOT_FOUND")

	for i := range access.MaxKeys - 2 {
		s.call(t, http.MethodPost, "/apikeys", fmt.Sprintf(`{"name":"%d"}`, i)).data(t)
	}
	s.call(t, http.MethodPost, "/apikeys", `{"name":"too many"}`).refused(t, http.StatusPaymentRequired, "ERR_PLAN_QUOTA_RESTRICTION")
	// Another app's keys are nobody's here.
	_, foreign, err := s.keys.Create(t.Context(), "other", "x", access.ScopeFull)
	if err != nil {
		t.Fatal(err)
	}
	s.call(t, http.MethodGet, "/apikeys/"+foreign, "").refused(t, http.StatusNotFound, "ERR_APIKEY_NOT_FOUND")
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	s := start(t)
	const path = "/apikeys"
	small := s.call(t, http.MethodPost, path, `{"name":"Small"}`).data(t)["apiKey"].(string)
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		code    string
	}{
		{"no key", []string{"apikey", ""}, 401, "AUTH_ERR_EMPTY_APIKEY"},
		{"unknown key", []string{"apikey", strings.Repeat("a", 40)}, 401, "AUTH_ERR_APIKEY_NOT_FOUND"},
		{"small scope", []string{"apikey", small}, 403, "AUTH_ERR_NO_ACCESS"},
		{"another app's id", []string{"appId", "other-id"}, 401, "AUTH_ERR_INVALID_APPID"},
		{"another app's host", []string{"Host", "other-id.api-eu.cometchat.io"}, 401, "AUTH_ERR_INVALID_APPID"},
		{"any case", []string{"APIKEY", firstKey}, 200, ""},
		{"own id", []string{"appid", "app-id", "Host", "app-id.api-eu.cometchat.io"}, 200, ""},
		{"ids of no app", []string{"appid", "nothing", "Host", "chat.example.org:8080"}, 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := s.call(t, http.MethodGet, path, "", c.headers...)
			if c.status != http.StatusOK {
				got.refused(t, c.status, c.code)
			} else if got.status != http.StatusOK {
				t.Errorf("answered %d %s", got.status, got.body)
			}
			if strings.Contains(got.body, strings.Repeat("a", 40)) {
				t.Error("the answer holds the key that was sent")
			}
		})
	}
}

// failing stands for a database that is gone.
type failing struct{}

func (failing) KnowsUser(context.Context, string, string) (bool, error) {
	return false, fmt.Errorf("disk %s is on fire", "/var/secret")
}
