package dashboard_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/provider/address"
)

const appsPath = "/dashboard/apps"

// choose has a visitor's pages act on another app: its cookie goes along.
func (v *visitor) choose(t *testing.T, id string) func(path string) reply {
	t.Helper()
	answer := (&visitor{v.site, v.cookie}).want(t, http.StatusSeeOther, http.MethodPost, appsPath+"/"+id+"/use", url.Values{})
	chosen, _, _ := cutCookie(answer.header.Get("Set-Cookie"))
	return func(path string) reply {
		t.Helper()
		return v.want(t, http.StatusOK, http.MethodGet, path, nil, "Cookie", v.cookie.Name+"="+v.cookie.Value+"; "+chosen)
	}
}

func cutCookie(header string) (pair, rest string, ok bool) {
	c, err := http.ParseSetCookie(header)
	if err != nil {
		return "", "", false
	}
	return c.Name + "=" + c.Value, "", true
}

// An app is made, shown, closed and deleted, and nobody sees another app's people.
func TestApps(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira := s.as(t, "mira")
	mira.get(t, "/dashboard").lacks(t, "app-shown")
	made := mira.want(t, http.StatusOK, http.MethodPost, appsPath, url.Values{"id": {"second"}, "region": {"in"}})
	made.contains(t, "/webhook/second", "/events/second")
	second, err := s.apps.ByID(t.Context(), "second")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{access.NameWebhook, access.NameEvents} {
		login, err := s.logins.Get(t.Context(), &second, name)
		if err != nil {
			t.Fatal(err)
		}
		made.contains(t, login.Password)
		mira.get(t, appsPath+"/second").lacks(t, login.Password)
	}
	for form, problem := range map[[2]string]string{
		{"", "us"}:        "Enter the app",
		{"a b", "us"}:     "letters, digits",
		{"third", "moon"}: "Choose us, eu or in.",
		{"SECOND", "us"}:  "Another app has that id.",
		{"App123", "us"}:  "Another app has that id.",
	} {
		mira.want(t, http.StatusUnprocessableEntity, http.MethodPost, appsPath, url.Values{"id": {form[0]}, "region": {form[1]}}).contains(t, problem)
	}

	err = s.store.SetContacts(t.Context(), "default", []address.Contact{{UID: "ann", Email: "ann@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	chosen := mira.choose(t, "second")
	chosen("/dashboard/people").lacks(t, "ann@example.com")
	chosen("/dashboard/people").contains(t, "app-shown", "<strong>second</strong>")
	chosen("/dashboard/keys").contains(t, `<dd class="mono">second</dd>`, `<dd class="mono">in</dd>`)
	chosen("/dashboard/credentials").contains(t, s.URL+"/webhook/second")
	chosen("/dashboard").contains(t, s.URL+"/webhook/second", s.URL+"/events/second")
	mira.get(t, "/dashboard/people").contains(t, "ann@example.com", "<strong>app123</strong>")

	mira.want(t, http.StatusConflict, http.MethodPost, appsPath+"/app123/close", url.Values{})
	mira.want(t, http.StatusConflict, http.MethodPost, appsPath+"/second/delete", url.Values{})
	mira.post(t, appsPath+"/second/close", url.Values{})
	mira.get(t, appsPath).contains(t, "Closed")
	mira.want(t, http.StatusConflict, http.MethodPost, appsPath+"/second/delete", url.Values{})
	s.clock.advance(time.Minute)
	mira.get(t, appsPath+"/second/delete").contains(t, "gone for good")
	mira.post(t, appsPath+"/second/delete", url.Values{})
	mira.want(t, http.StatusNotFound, http.MethodGet, appsPath+"/second", nil)
	chosen("/dashboard/people").contains(t, "ann@example.com") // what was chosen is gone: the default one
	mira.get(t, "/dashboard/audit").contains(t, "made the app", "closed the app", "deleted the app")
	// A page of what is gone changes nothing of what is left.
	mira.want(t, http.StatusConflict, http.MethodPost, "/dashboard/people", url.Values{"uid": {"eve"}, "email": {"eve@example.com"}, "app": {"second"}})
}

// A page that was of one app changes nothing of another that was chosen since.
func TestPageOfAnotherApp(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	mira := s.as(t, "mira")
	mira.want(t, http.StatusOK, http.MethodPost, appsPath, url.Values{"id": {"second"}, "region": {"in"}})
	answer := (&visitor{s, mira.cookie}).want(t, http.StatusSeeOther, http.MethodPost, appsPath+"/second/use", url.Values{})
	chosen, _, _ := cutCookie(answer.header.Get("Set-Cookie"))
	both := []string{"Cookie", mira.cookie.Name + "=" + mira.cookie.Value + "; " + chosen}
	mira.want(t, http.StatusOK, http.MethodGet, "/dashboard/people", nil, both...).contains(t, `<input type="hidden" name="app" value="second">`)
	for _, one := range []struct {
		said    string // by the page
		cookies []string
		status  int
	}{
		{"second", both, http.StatusSeeOther},
		{"app123", both, http.StatusConflict},
		{"", both, http.StatusConflict},
		{"second", nil, http.StatusConflict},
		{"app123", nil, http.StatusSeeOther},
		{"", nil, http.StatusSeeOther},
		{"third", nil, http.StatusConflict},
	} {
		form := url.Values{"uid": {"ann"}, "email": {"ann@example.com"}}
		if one.said != "" {
			form.Set("app", one.said)
		}
		got := mira.want(t, one.status, http.MethodPost, "/dashboard/people", form, one.cookies...)
		if one.status == http.StatusConflict {
			got.contains(t, "nothing was changed")
		}
	}
}
