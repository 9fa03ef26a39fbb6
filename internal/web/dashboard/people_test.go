package dashboard_test

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/provider/address"
)

const peoplePath = "/dashboard/people"

// community gives a site people whose address is known, one of whom has muted
// somebody.
func (s *site) community(t *testing.T) {
	t.Helper()
	contacts := []address.Contact{{UID: "andrew-joseph", Email: "andrew-joseph@example.com"}, {UID: "susan-marie", Email: "susan@example.com"}}
	if err := s.store.SetContacts(t.Context(), "default", contacts); err != nil {
		t.Fatal(err)
	}
	mutes := []chat.Mute{{Type: chat.ReceiverGroup, ID: "hiking-group", Until: noon.Add(time.Hour)}, {Type: chat.ReceiverUser, ID: "felix", Until: noon.Add(time.Hour)}}
	if err := s.store.Mute(t.Context(), "default", "andrew-joseph", mutes); err != nil {
		t.Fatal(err)
	}
}

func (s *site) address(t *testing.T, uid string) string {
	t.Helper()
	c, err := s.store.Contact(t.Context(), "default", uid)
	if err != nil && !errors.Is(err, address.ErrUnknown) {
		t.Fatal(err)
	}
	return c.Email
}

func TestPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto := s.as(t, "otto")
	otto.get(t, peoplePath).contains(t, "Nobody’s address is known here")
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, peoplePath, url.Values{"uid": {" "}, "email": {"ada@example.com"}}).
		contains(t, "The user id is empty.", `value="ada@example.com"`)
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, peoplePath, url.Values{"uid": {"ada"}, "email": {"no<address"}}).
		contains(t, "This is not an email address", `value="no&lt;address"`, `value="ada"`)
	if to := otto.post(t, peoplePath, url.Values{"uid": {"Ada"}, "email": {" ada@example.com "}}); to != peoplePath+"/ada?done=saved" {
		t.Errorf("led to %q", to)
	}
	if got := s.address(t, "ada"); got != "ada@example.com" {
		t.Errorf("the address is %q", got)
	}
	s.community(t)
	list := otto.get(t, peoplePath+"?search=SUSAN")
	list.contains(t, "susan@example.com")
	list.lacks(t, "ada@example.com")
	otto.get(t, peoplePath+"?search=nobody").contains(t, "Nobody like that.")

	page := otto.get(t, peoplePath+"/Andrew-Joseph")
	page.contains(t, `value="andrew-joseph@example.com"`, "GMT", "the default of the region", "hiking-group", "felix")
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, peoplePath+"/ada", url.Values{"email": {"nonsense"}}).contains(t, `value="nonsense"`, "This is not an email address")
	otto.post(t, peoplePath+"/ada", url.Values{"email": {"lovelace@example.com"}})
	if got := s.address(t, "ada"); got != "lovelace@example.com" {
		t.Errorf("the address is %q", got)
	}
	for _, m := range []struct{ kind, id string }{{"group", "hiking-group"}, {"user", "felix"}} {
		otto.post(t, peoplePath+"/andrew-joseph/unmute", url.Values{"id": {m.id}, "type": {m.kind}})
		otto.get(t, peoplePath+"/andrew-joseph").lacks(t, m.id)
	}
	otto.get(t, peoplePath+"/ada/delete").contains(t, "Forget the address of ada?")
	otto.post(t, peoplePath+"/ada/delete", url.Values{})
	otto.post(t, peoplePath+"/ada/delete", url.Values{}) // somebody else was faster
	if got := s.address(t, "ada"); got != "" {
		t.Errorf("the address is still %q", got)
	}
	vera := s.as(t, "vera")
	vera.get(t, peoplePath).lacks(t, "Add somebody", "people-import")
	vera.get(t, peoplePath+"/susan-marie").lacks(t, "<form class=\"form")
	audit := vera.get(t, "/dashboard/audit")
	audit.contains(t, "set the address of <strong>ada</strong>", "forgot the address of", "unmuted a conversation of")
	audit.lacks(t, "@example.com")
}

func TestPeoplePages(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	var contacts []address.Contact
	for n := range 120 {
		contacts = append(contacts, address.Contact{UID: fmt.Sprintf("user-%03d", n), Email: fmt.Sprintf("user-%03d@example.com", n)})
	}
	if err := s.store.SetContacts(t.Context(), "default", contacts); err != nil {
		t.Fatal(err)
	}
	vera := s.as(t, "vera")
	path, seen := peoplePath+"?search=user", 0
	for range 3 {
		page := vera.get(t, path)
		seen += strings.Count(page.body, "@example.com")
		before, _, more := strings.Cut(page.body, `" rel="next"`)
		if !more {
			break
		}
		path = strings.ReplaceAll(before[strings.LastIndex(before, `href="`)+len(`href="`):], "&amp;", "&")
	}
	if seen != len(contacts) {
		t.Errorf("%d people on all pages, want %d", seen, len(contacts))
	}
}

// upload sends a file as a browser does.
func (v *visitor) upload(t *testing.T, name, content string) reply {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return v.send(t, http.MethodPost, peoplePath+"-import", &body, "Content-Type", form.FormDataContentType())
}

func TestImportAndExport(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto := s.as(t, "otto")
	otto.upload(t, "people.csv", "uid,email,name\nAda,ada@example.com,x\nbad,<nobody>,x\n\"comma,uid\",grace@example.com,x\n").
		contains(t, "2 imported, 1 refused", "not an email address", ">3<")
	got := otto.get(t, "/dashboard/people-export.csv")
	if want := "uid,email\nada,ada@example.com\n\"comma,uid\",grace@example.com\n"; got.body != want || got.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("exported %q, want %q", got.body, want)
	}
	otto.get(t, peoplePath).contains(t, "/dashboard/people/comma%2Cuid")
	for content, want := range map[string]string{
		"name,mail\nx,y\n":            "Nothing was imported: the first line must name the columns",
		"":                            "Nothing was imported: the first line must name the columns",
		"uid;email\nlin;lin@a.test\n": "1 imported",
	} {
		otto.upload(t, "people.csv", content).contains(t, want)
	}
	otto.upload(t, "", "uid,email\n").contains(t, "Choose a file.")
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, peoplePath+"-import", url.Values{"file": {"x"}}).contains(t, "Choose a file.")
	// More than a form may have.
	var many strings.Builder
	many.WriteString("uid,email\n")
	for n := range 20_000 {
		fmt.Fprintf(&many, "user-%05d,user-%05d@example.com\n", n, n)
	}
	otto.upload(t, "people.csv", many.String()).contains(t, "20,000 imported")
}
