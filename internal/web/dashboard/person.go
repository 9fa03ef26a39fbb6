package dashboard

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/web/gate"
)

// personView is one person.
type personView struct {
	common
	UID   string
	URL   string
	Known bool // an address is
	Phone string
	Since time.Time
	Name  string
	Gone  bool // deactivated
	Email field
	Zone  string
	Own   bool  // the time zone is one that they have registered
	Field field // of the time zone
	Mutes []muteRow
	Mute  muteForm
	// Preferences are what counts for them; Chosen: some of it is their own.
	Preferences []preferenceRow
	Chosen      bool
	Days        []pair
	Logs        []pair
}

// preferenceRow is a setting as it counts for somebody.
type preferenceRow struct {
	Name, Value string
	Own         bool // it is theirs, not the app's
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
	standard := chat.DefaultTimezone(d.Engine.Region)
	view.Field = field{
		Name: "zone", Label: "Time zone", Value: view.Zone, Autocomplete: "off", Placeholder: standard, Optional: true,
		Hint: "A name of the IANA time zone database, such as Europe/Lisbon. Empty: the default of the region.",
	}
	if view.Own = view.Zone != ""; !view.Own {
		view.Zone = standard
	}
	someone, _, err := d.Engine.Personal.Person(r.Context(), d.Engine.App, uid)
	if err != nil {
		return view, err
	}
	view.Name, view.Gone = someone.Name, someone.Deactivated
	if err := d.fillPreferences(r, &view); err != nil {
		return view, err
	}
	view.Logs = []pair{
		{Name: "One-on-one notifications", Link: (&logQuery{Lane: outbox.LaneCall, ReceiverType: string(chat.ReceiverUser), Receiver: uid}).url()},
		{Name: "Notifications of groups", Link: (&logQuery{Lane: outbox.LaneCall, Member: uid}).url()},
		{Name: "Mails", Link: (&logQuery{Lane: outbox.LaneMail, Receiver: uid}).url()},
	}
	view.Mute = newMuteForm("", "", "", "")
	mutes, err := d.Engine.Personal.Mutes(r.Context(), d.Engine.App, uid)
	for _, m := range mutes {
		view.Mutes = append(view.Mutes, muteRow{m, m.Type == chat.ReceiverGroup})
	}
	return view, err
}

// fillPreferences adds what counts for somebody.
func (d *dashboard) fillPreferences(r *http.Request, view *personView) error {
	own, err := d.Engine.Personal.Preferences(r.Context(), d.Engine.App, view.UID)
	if err != nil {
		return err
	}
	settings, err := d.Engine.Vault.Settings(r.Context(), d.Engine.App)
	if err != nil {
		return err
	}
	view.Preferences, view.Chosen = preferenceRows(settings, own), own != nil
	effective := settings.Merge(own)
	for _, day := range []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday} {
		view.Days = append(view.Days, pair{Name: day.String(), Value: hours(effective.Schedule.Day(day))})
	}
	return nil
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

func (d *dashboard) saveZone(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid, zone := chat.NormalizeUID(r.PathValue("uid")), strings.TrimSpace(r.PostFormValue("zone"))
	if zone != "" && !directory.IsTimezone(zone) {
		view, err := d.newPerson(r, v)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		view.Field.Value, view.Field.Problem = zone, "There is no such time zone."
		view.Alert = "Nothing was saved. Please mend what is marked."
		d.show(w, http.StatusUnprocessableEntity, "person", view)
		return
	}
	if err := d.Engine.Personal.SetTimezone(r.Context(), d.Engine.App, uid, zone); err != nil {
		d.fail(w, r, err)
		return
	}
	d.record(r, v, actionSetZone, uid, zone)
	then(w, r, personURL(uid), "saved")
}

func (d *dashboard) confirmResetPerson(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid := chat.NormalizeUID(r.PathValue("uid"))
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Reset the preferences of " + uid + "?",
		Text:   "What they have chosen for themselves is forgotten: the app’s settings count.",
		Action: personURL(uid) + "/reset", Button: "Reset them", Keep: "Keep them", Back: personURL(uid),
	})
}

func (d *dashboard) resetPerson(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid := chat.NormalizeUID(r.PathValue("uid"))
	_, err := d.Engine.Personal.ChangePreferences(r.Context(), d.Engine.App, uid, func(*chat.Preferences) (*chat.Preferences, error) {
		return nil, nil //nolint:nilnil // nothing is set any more
	})
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.record(r, v, actionResetPerson, uid, "")
	then(w, r, personURL(uid), "saved")
}
