package dashboard

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/web/gate"
)

const actionMuted access.Action = "muted a conversation of"

// muteForm mutes a conversation of somebody.
type muteForm struct {
	Kind, For control
	ID        field
}

func muteKinds() []choice {
	return []choice{{string(chat.ReceiverGroup), "A group"}, {string(chat.ReceiverUser), "One-on-one with somebody"}}
}

// muteTimes are how long a mute may last, in hours.
func muteTimes() []choice {
	return []choice{{"1", "One hour"}, {"8", "Eight hours"}, {"24", "A day"}, {"168", "A week"}, {"720", "30 days"}, {"8760", "A year"}}
}

func newMuteForm(kind, id, hours, problem string) muteForm {
	one := func(name, label, value string, choices []choice) control {
		s := setting{name, aWord, label, "", choices}
		same := values{name: value}
		return s.control(same, same, nil)
	}
	return muteForm{
		Kind: one("type", "Kind of conversation", kind, muteKinds()),
		For:  one("hours", "For", hours, muteTimes()),
		ID:   field{Name: "id", Label: "Id of the group, or of the other person", Value: id, Problem: problem, Autocomplete: "off"},
	}
}

func (d *dashboard) mute(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid, kind, typed, hours := chat.NormalizeUID(r.PathValue("uid")), r.PostFormValue("type"), r.PostFormValue("id"), r.PostFormValue("hours")
	settings, err := d.Engine.Vault.Settings(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	counts := settings.Merge(nil)
	mute := chat.Mute{Type: chat.ReceiverType(kind), ID: chat.NormalizeUID(strings.TrimSpace(typed))}
	var problem string
	switch n := len(mute.ID); {
	case !chosen(muteKinds(), kind):
		problem = "Choose a kind of conversation."
	case !chosen(muteTimes(), hours):
		problem = "Choose a time."
	case n == 0:
		problem = "Enter the id of the group or the person."
	case n > chat.MaxUIDLength:
		problem = "No id is as long as this."
	case !counts.Mutes(mute.Type):
		problem = "The app does not let people mute these."
	}
	if problem != "" {
		view, err := d.newPerson(r, v)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		view.Mute = newMuteForm(kind, typed, hours, problem)
		view.Alert = "Nothing was saved. Please mend what is marked."
		d.show(w, http.StatusUnprocessableEntity, "person", view)
		return
	}
	n, _ := strconv.Atoi(hours) // one of the times
	mute.Until = d.Clock().Add(time.Duration(n) * time.Hour)
	if err := d.Engine.Personal.Mute(r.Context(), d.Engine.App, uid, []chat.Mute{mute}); err != nil {
		d.fail(w, r, err)
		return
	}
	d.record(r, v, actionMuted, uid, mute.ID)
	then(w, r, personURL(uid), "saved")
}

// chosen reports whether a value is one of those that can be.
func chosen(choices []choice, value string) bool {
	return slices.ContainsFunc(choices, func(c choice) bool { return c.Value == value })
}
