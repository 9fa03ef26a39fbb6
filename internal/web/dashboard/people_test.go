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
	otto.get(t, peoplePath).contains(t, "Nobody is known here")
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
func (v *visitor) upload(t *testing.T, mode, content string) reply {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("mode", mode); err != nil {
		t.Fatal(err)
	}
	part, err := form.CreateFormFile("file", "people.csv")
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

// imported uploads a file, and returns the page of the import when it is done.
func (v *visitor) imported(t *testing.T, mode, content string) reply {
	t.Helper()
	answer := v.upload(t, mode, content)
	if answer.status != http.StatusSeeOther {
		t.Fatalf("status %d, want 303\n%s", answer.status, answer.body)
	}
	return v.follow(t, answer.header.Get("Location"))
}

func TestPerson(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.say(t, "ada", "vic")
	never, maximum := 1, 3
	_, err := s.store.ChangePreferences(t.Context(), "default", "vic", func(*chat.Preferences) (*chat.Preferences, error) {
		return &chat.Preferences{Group: map[string]int{"messages": never}, Email: &chat.EmailChoices{MaxPerDay: &maximum}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	otto, vera := s.as(t, "otto"), s.as(t, "vera")
	vera.get(t, peoplePath+"?search=NAME+OF").contains(t, "/dashboard/people/vic", "Name of vic", "none is stored")
	page := vera.get(t, peoplePath+"/vic")
	page.contains(t, "Name of vic", "at most 3", "their own", "Monday", "/dashboard/log?member=vic", "channel=mail&amp;receiver=vic")
	page.lacks(t, "Save the time zone", "Reset…")
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, peoplePath+"/vic/zone", url.Values{"zone": {"Mars/Olympus"}}).
		contains(t, "There is no such time zone.", `value="Mars/Olympus"`)
	otto.post(t, peoplePath+"/vic/zone", url.Values{"zone": {" Asia/Tokyo "}})
	otto.get(t, peoplePath+"/vic").contains(t, `value="Asia/Tokyo"`)
	otto.post(t, peoplePath+"/vic/zone", url.Values{"zone": {""}})
	otto.get(t, peoplePath+"/vic").contains(t, "they have registered none")
	otto.get(t, peoplePath+"/vic/reset").contains(t, "Reset the preferences of vic?")
	otto.post(t, peoplePath+"/vic/reset", url.Values{})
	otto.get(t, peoplePath+"/vic").lacks(t, "at most 3", "their own</span>", "Reset…")
	vera.get(t, "/dashboard/audit").contains(t, "set the time zone of", "reset the preferences of")
}

func TestImportAndExport(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	otto := s.as(t, "otto")
	otto.imported(t, "good", "uid,email,name\nAda,ada@example.com,x\nbad,<nobody>,x\n\"comma,uid\",grace@example.com,x\n").
		contains(t, "2 contacts were imported, 1 line was refused.", "line 3, email: not an email address", "<dt>Done</dt><dd>2</dd>")
	otto.imported(t, "all", "uid,email\nlin,lin@a.test\n,nobody@a.test\n").contains(t, "Nothing was imported: 1 line cannot be.", "line 3, uid: is empty")
	if got := s.address(t, "lin"); got != "" {
		t.Errorf("all or nothing: %q", got)
	}
	got := otto.get(t, "/dashboard/people-export.csv")
	if want := "uid,email\nada,ada@example.com\n\"comma,uid\",grace@example.com\n"; got.body != want || got.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("exported %q, want %q", got.body, want)
	}
	otto.get(t, peoplePath).contains(t, "/dashboard/people/comma%2Cuid")
	for content, want := range map[string]string{
		"name,mail\nx,y\n": "Nothing was imported: the first line must name the columns",
		"":                 "Choose a CSV file.",
	} {
		otto.upload(t, "good", content).contains(t, want)
	}
	otto.want(t, http.StatusUnprocessableEntity, http.MethodPost, peoplePath+"-import", url.Values{"file": {"x"}}).contains(t, "Choose a CSV file.")
	otto.imported(t, "all", "uid;email\nlin;lin@a.test\n").contains(t, "1 contact was imported")
	// More than a form may have.
	var many strings.Builder
	many.WriteString("uid,email\n")
	for n := range 20_000 {
		fmt.Fprintf(&many, "user-%05d,user-%05d@example.com\n", n, n)
	}
	otto.imported(t, "good", many.String()).contains(t, "20,000 contacts were imported")
	otto.get(t, "/dashboard/jobs").contains(t, "Import contacts")
}

// Among many people a search goes part by part; a user id is found at once.
func TestPeopleSearchedInParts(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	contacts := make([]address.Contact, 0, 16_000)
	for n := range cap(contacts) {
		contacts = append(contacts, address.Contact{UID: fmt.Sprintf("user-%05d", n), Email: fmt.Sprintf("mail-%05d@example.com", n)})
	}
	if err := s.store.SetContacts(t.Context(), "default", contacts); err != nil {
		t.Fatal(err)
	}
	vera := s.as(t, "vera")
	page := vera.get(t, peoplePath+"?search=mail-15999")
	page.contains(t, "Nobody like that so far.", "Search further")
	vera.get(t, peoplePath+"?search=mail-15999&after=user-14999").contains(t, "mail-15999@example.com")
	vera.get(t, peoplePath+"?search=USER-15999").contains(t, "mail-15999@example.com", "Search further")
	vera.get(t, peoplePath+"?search=nobody&after=user-14999").contains(t, "Nobody like that.")
}
