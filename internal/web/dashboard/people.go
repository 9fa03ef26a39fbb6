package dashboard

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	peoplePath = Path + "/people"
	importPath = Path + "/people-import"
	// peoplePage is how many people one page lists.
	peoplePage = 50
	// maxImport bounds a file of contacts, in bytes: a million lines or so.
	maxImport = 64 << 20
)

const (
	actionSetAddress      access.Action = "set the address of"
	actionForgotAddress   access.Action = "forgot the address of"
	actionUnmuted         access.Action = "unmuted a conversation of"
	actionImportedContact access.Action = "imported contacts"
)

// Personal keeps what people have set for themselves. User ids are in their
// normal form.
type Personal interface {
	// Timezone returns the time zone that somebody has registered, or "".
	Timezone(ctx context.Context, app, uid string) (string, error)
	// Mutes returns mutes that have not ended.
	Mutes(ctx context.Context, app, uid string) ([]chat.Mute, error)
	// Unmute ends mutes, whenever they were to end.
	Unmute(ctx context.Context, app, uid string, mutes []chat.Mute) error
}

// peopleView lists whose address is known.
type peopleView struct {
	common
	Search string
	Rows   []personRow
	First  bool
	Next   string // URL of the next page
	Empty  bool   // nobody's address is known
	UID    field
	Email  field
}

type personRow struct {
	address.Contact
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
	contacts, err := d.Engine.Contacts.Contacts(r.Context(), d.Engine.App, after, search, peoplePage+1)
	if len(contacts) > peoplePage {
		contacts = contacts[:peoplePage]
		view.Next = peoplePath + "?" + url.Values{"search": {search}, "after": {contacts[peoplePage-1].UID}}.Encode()
	}
	for _, c := range contacts {
		view.Rows = append(view.Rows, personRow{c, personURL(c.UID)})
	}
	view.Empty = len(contacts) == 0 && search == "" && after == ""
	if len(wrong) > 0 {
		view.Alert = "Nothing was saved. Please mend what is marked."
	}
	return view, err
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

// personView is one person.
type personView struct {
	common
	UID   string
	URL   string
	Known bool // an address is
	Phone string
	Since time.Time
	Email field
	Zone  string
	Own   bool // the time zone is one that they have registered
	Mutes []muteRow
}

type muteRow struct {
	chat.Mute
	Group bool
}

func (d *dashboard) newPerson(r *http.Request, v *gate.Visitor) (personView, error) {
	uid := chat.NormalizeUID(r.PathValue("uid"))
	view := personView{
		common: newCommon(r, v), UID: uid, URL: personURL(uid),
		Email: field{Name: "email", Label: "Email address", Type: "email", Autocomplete: "off"},
	}
	contact, err := d.Engine.Contacts.Contact(r.Context(), d.Engine.App, uid)
	if err != nil && !errors.Is(err, address.ErrUnknown) {
		return view, err
	}
	view.Known, view.Email.Value, view.Phone, view.Since = contact.Email != "", contact.Email, contact.Phone, contact.UpdatedAt
	if view.Zone, err = d.Engine.Personal.Timezone(r.Context(), d.Engine.App, uid); err != nil {
		return view, err
	}
	if view.Own = view.Zone != ""; !view.Own {
		view.Zone = chat.DefaultTimezone(d.Engine.Region)
	}
	mutes, err := d.Engine.Personal.Mutes(r.Context(), d.Engine.App, uid)
	for _, m := range mutes {
		view.Mutes = append(view.Mutes, muteRow{m, m.Type == chat.ReceiverGroup})
	}
	return view, err
}

func (d *dashboard) person(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view, err := d.newPerson(r, v)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "person", view)
}

func (d *dashboard) savePerson(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	email := r.PostFormValue("email")
	contact, wrong := readContact(r.PathValue("uid"), email)
	if wrong == nil {
		d.setAddress(w, r, v, contact)
		return
	}
	view, err := d.newPerson(r, v)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view.Email.Value, view.Email.Problem = email, wrong["email"]
	view.Alert = "Nothing was saved. Please mend what is marked."
	d.show(w, http.StatusUnprocessableEntity, "person", view)
}

func (d *dashboard) confirmForget(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid := chat.NormalizeUID(r.PathValue("uid"))
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Forget the address of " + uid + "?",
		Text:   "Where no other source knows one, they get no mails any more. What they have set for themselves stays.",
		Action: personURL(uid) + "/delete", Button: "Forget the address", Keep: "Keep it", Back: personURL(uid),
	})
}

func (d *dashboard) forget(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid := chat.NormalizeUID(r.PathValue("uid"))
	err := d.Engine.Contacts.DeleteContact(r.Context(), d.Engine.App, uid)
	switch {
	case err == nil:
		d.record(r, v, actionForgotAddress, uid, "")
	case !errors.Is(err, address.ErrUnknown):
		d.fail(w, r, err)
		return
	}
	then(w, r, peoplePath, "deleted")
}

func (d *dashboard) unmute(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid := chat.NormalizeUID(r.PathValue("uid"))
	kind := chat.ReceiverUser
	if r.PostFormValue("type") == string(chat.ReceiverGroup) {
		kind = chat.ReceiverGroup
	}
	mute := chat.Mute{ID: r.PostFormValue("id"), Type: kind}
	if err := d.Engine.Personal.Unmute(r.Context(), d.Engine.App, uid, []chat.Mute{mute}); err != nil {
		d.fail(w, r, err)
		return
	}
	d.record(r, v, actionUnmuted, uid, mute.ID)
	then(w, r, personURL(uid), "saved")
}

// importView is the form of a file of contacts, and what became of one.
type importView struct {
	common
	Result   *address.ImportResult
	Imported string
	More     int // lines that were refused and are not named
}

func (d *dashboard) importForm(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.show(w, http.StatusOK, "import", importView{common: newCommon(r, v)})
}

func (d *dashboard) importPeople(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view := importView{common: newCommon(r, v)}
	refuse := func(text string) {
		view.Alert = text
		d.show(w, http.StatusUnprocessableEntity, "import", view)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		refuse("Choose a file.")
		return
	}
	part, err := parts.NextPart()
	if err != nil || part.FormName() != "file" || part.FileName() == "" {
		refuse("Choose a file.")
		return
	}
	result, err := address.Import(r.Context(), d.Engine.Contacts, d.Engine.App, part)
	view.Result, view.Imported, view.More = &result, humanize.Comma(int64(result.Imported)), result.RefusedTotal-len(result.Refused)
	if result.Imported > 0 {
		d.record(r, v, actionImportedContact, "", strconv.Itoa(result.Imported))
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse("The file is larger than " + humanize.IBytes(maxImport) + ". What came before that is imported.")
	case err != nil && result.Imported == 0 && result.RefusedTotal == 0:
		view.Result = nil
		refuse("Nothing was imported: " + err.Error() + ".")
	case err != nil:
		d.fail(w, r, err)
	default:
		d.show(w, http.StatusOK, "import", view)
	}
}

func (d *dashboard) exportPeople(w http.ResponseWriter, r *http.Request, _ *gate.Visitor) {
	header := w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8")
	header.Set("Content-Disposition", `attachment; filename="contacts.csv"`)
	rows := csv.NewWriter(w)
	err := rows.Write([]string{"uid", "email"})
	if err == nil {
		err = address.Each(r.Context(), d.Engine.Contacts, d.Engine.App, func(c address.Contact) error {
			return rows.Write([]string{c.UID, c.Email})
		})
	}
	rows.Flush()
	if err = errors.Join(err, rows.Error()); err != nil && r.Context().Err() == nil {
		// The answer has begun: that it breaks off is all that can be said.
		d.Logger.Error("export contacts", "error", fmt.Errorf("write CSV: %w", err))
		panic(http.ErrAbortHandler)
	}
}
