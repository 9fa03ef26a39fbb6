package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	peoplePath = Path + "/people"
	// peoplePage is how many people one page lists.
	peoplePage = 50
)

const (
	actionSetAddress      access.Action = "set the address of"
	actionForgotAddress   access.Action = "forgot the address of"
	actionUnmuted         access.Action = "unmuted a conversation of"
	actionSetZone         access.Action = "set the time zone of"
	actionResetPerson     access.Action = "reset the preferences of"
	actionImportedContact access.Action = "imported contacts"
)

// Personal is who there is, and what they have set for themselves. User ids are
// in their normal form.
type Personal interface {
	directory.People
	// Preferences returns what somebody has set, or nil.
	Preferences(ctx context.Context, app, uid string) (*chat.Preferences, error)
	// ChangePreferences puts what change makes of somebody's preferences in
	// their place, and returns it. Both may be nil: nothing set.
	ChangePreferences(ctx context.Context, app, uid string, change func(*chat.Preferences) (*chat.Preferences, error)) (*chat.Preferences, error)
	// Timezone returns the time zone that somebody has registered, or "".
	Timezone(ctx context.Context, app, uid string) (string, error)
	SetTimezone(ctx context.Context, app, uid, zone string) error
	// Mutes returns mutes that have not ended.
	Mutes(ctx context.Context, app, uid string) ([]chat.Mute, error)
	// Mute replaces the ends of what is muted already.
	Mute(ctx context.Context, app, uid string, mutes []chat.Mute) error
	// Unmute ends mutes, whenever they were to end.
	Unmute(ctx context.Context, app, uid string, mutes []chat.Mute) error
}

// peopleView lists who there is.
type peopleView struct {
	common
	Search string
	Rows   []personRow
	First  bool
	Next   string // URL of the next page
	// Further says that a search ended before the last person.
	Further bool
	Empty   bool // nobody is known
	UID     field
	Email   field
}

type personRow struct {
	directory.Person
	URL string
}

func personURL(uid string) string { return peoplePath + "/" + url.PathEscape(uid) }

func (d *dashboard) newPeople(r *http.Request, v *gate.Visitor, uid, email string, wrong problems) (peopleView, error) {
	query := r.URL.Query()
	search, after := strings.TrimSpace(query.Get("search")), query.Get("after")
	view := peopleView{
		common: newCommon(r, v), Search: search, First: after == "",
		UID:   field{Name: "uid", Label: "User id", Value: uid, Problem: wrong["uid"], Autocomplete: "off"},
		Email: field{Name: "email", Label: "Email address", Type: "email", Value: email, Problem: wrong["email"], Autocomplete: "off"},
	}
	people, more, err := d.Engine.Personal.People(r.Context(), d.Engine.App, after, search, peoplePage+1)
	if len(people) > peoplePage {
		people = people[:peoplePage]
		more = people[peoplePage-1].UID
	} else {
		view.Further = more != ""
	}
	if err == nil && view.Further && view.First {
		people, err = d.withNamed(r, people, search)
	}
	if more != "" {
		view.Next = peoplePath + "?" + url.Values{"search": {search}, "after": {more}}.Encode()
	}
	for _, p := range people {
		view.Rows = append(view.Rows, personRow{p, personURL(p.UID)})
	}
	view.Empty = len(people) == 0 && search == "" && after == ""
	if len(wrong) > 0 {
		view.Alert = "Nothing was saved. Please mend what is marked."
	}
	return view, err
}

// withNamed adds who has the very user id that is searched for: they are found
// wherever they stand.
func (d *dashboard) withNamed(r *http.Request, people []directory.Person, search string) ([]directory.Person, error) {
	uid := chat.NormalizeUID(search)
	if slices.ContainsFunc(people, func(p directory.Person) bool { return p.UID == uid }) {
		return people, nil
	}
	p, ok, err := d.Engine.Personal.Person(r.Context(), d.Engine.App, uid)
	if ok {
		people = append(people, p)
	}
	return people, err
}

func (d *dashboard) people(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view, err := d.newPeople(r, v, "", "", nil)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "people", view)
}

// readContact returns what was typed, or what is wrong with it.
func readContact(uid, email string) (address.Contact, problems) {
	contact, err := address.NewContact(uid, email)
	if err == nil {
		return contact, nil
	}
	name, problem, _ := strings.Cut(err.Error(), ": ")
	label := map[string]string{"uid": "The user id ", "email": "This is "}[name]
	return contact, problems{name: label + problem + "."}
}

func (d *dashboard) addPerson(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid, email := r.PostFormValue("uid"), r.PostFormValue("email")
	contact, wrong := readContact(uid, email)
	if wrong == nil {
		d.setAddress(w, r, v, contact)
		return
	}
	view, err := d.newPeople(r, v, uid, email, wrong)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusUnprocessableEntity, "people", view)
}

func (d *dashboard) setAddress(w http.ResponseWriter, r *http.Request, v *gate.Visitor, contact address.Contact) {
	if err := d.Engine.Contacts.SetContacts(r.Context(), d.Engine.App, []address.Contact{contact}); err != nil {
		d.fail(w, r, err)
		return
	}
	d.record(r, v, actionSetAddress, contact.UID, "")
	then(w, r, personURL(contact.UID), "saved")
}
