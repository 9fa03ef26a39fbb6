package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/web/gate"
)

const actionSavedPerson access.Action = "changed the preferences of"

// personalSetting is a field of the body that sets what is a person's own (F061).
type personalSetting struct {
	setting
	now     string // what counts, in the words of a form
	own     bool   // it is theirs
	allowed bool   // the app lets people choose
}

// personalView is the form of what one person has set.
type personalView struct {
	common
	UID, URL string
	Choices  []personalControl
	Days     []dayRow
	// Week: the app lets people set a schedule; OwnWeek: they have.
	Week, OwnWeek bool
}

type personalControl struct {
	control
	Own, Allowed bool
}

const personalWeek = "mutePreferences.schedule."

// personalSettings are a person's choices, but for the schedule.
func personalSettings(settings *chat.Settings, own *chat.Preferences) []personalSetting {
	e := settings.Merge(own)
	if own == nil {
		own = new(chat.Preferences)
	}
	mail := own.Email
	if mail == nil {
		mail = new(chat.EmailChoices)
	}
	onOff := map[bool]string{true: "on"}
	dnd := map[bool]string{true: strconv.Itoa(chat.DNDOn), false: strconv.Itoa(chat.DNDOff)}
	app := &settings.Preferences
	all := []personalSetting{
		{setting{"mutePreferences.dnd", aChoice, "Do Not Disturb", "", []choice{{"1", "Off"}, {"2", "On: they are not mailed"}}}, dnd[e.DND], own.DND != nil, app.Mute.DNDOverride},
		{setting{"usePrivacyTemplate", aSwitch, "Mails tell nothing of what was written", "", nil}, onOff[e.Privacy], own.UsePrivacy != nil, settings.Templates.UsePrivacy == chat.TemplatesChoice},
	}
	for _, one := range []struct {
		path, label, hint string
		kind              settingKind
		now               string
		own               bool
	}{
		{"notifyForUnreadOnly", "Unread messages only", "", aSwitch, onOff[e.Email.NotifyForUnreadOnly], mail.NotifyForUnreadOnly != nil},
		{"intervalInSeconds", "Wait before the first email, in seconds", between(chat.MinInterval, chat.MaxInterval, ""), aNumber, strconv.Itoa(e.Email.IntervalInSeconds), mail.IntervalInSeconds != nil},
		{"maxPerDay", "Emails in a day, at most", between(chat.MinDailyLimit, chat.MaxDailyLimit, ""), aNumber, strconv.Itoa(e.Email.MaxPerDay), mail.MaxPerDay != nil},
		{"maxPerDayPerConversation", "Of them about one conversation, at most", between(chat.MinDailyLimit, chat.MaxDailyLimit, ""), aNumber, strconv.Itoa(e.Email.MaxPerDayPerConversation), mail.MaxPerDayPerConversation != nil},
	} {
		all = append(all, personalSetting{setting{"emailPreferences." + one.path, one.kind, one.label, one.hint, nil}, one.now, one.own, app.Email.Override})
	}
	for _, kind := range []struct {
		name, where string
		counts, app chat.EventSettings
		own         map[string]int
	}{{"oneOnOne", "in one-on-one conversations", e.OneOnOne, app.OneOnOne, own.OneOnOne}, {"group", "in groups", e.Group, app.Group, own.Group}} {
		for _, event := range events() {
			_, theirs := kind.own[event.name]
			path := kind.name + "Preferences." + kind.name + strings.ToUpper(event.name[:1]) + event.name[1:]
			all = append(all, personalSetting{
				setting{path, aChoice, event.label + " " + kind.where, "", eventChoices()},
				strconv.Itoa(kind.counts[event.name].Value), theirs, kind.app[event.name].Override,
			})
		}
	}
	return all
}

// weekSettings are the fields of a schedule, with what counts.
func weekSettings(settings *chat.Settings, own *chat.Preferences) []personalSetting {
	e := settings.Merge(own)
	var all []personalSetting
	for i, d := range days() {
		window := e.Schedule.Day(time.Weekday((i + 1) % 7))
		now := []string{strconv.Itoa(window.From), strconv.Itoa(window.To), strconv.FormatBool(window.DND)}
		for n, s := range daySettings(d) {
			s.path = personalWeek + strings.TrimPrefix(s.path, schedulePath)
			all = append(all, personalSetting{s, s.show(now[n]), own != nil && own.Schedule != nil, settings.Preferences.Mute.ScheduleOverride})
		}
	}
	return all
}

func (d *dashboard) showPersonal(w http.ResponseWriter, r *http.Request, v *gate.Visitor, typed values, wrong problems) {
	uid := chat.NormalizeUID(r.PathValue("uid"))
	settings, err := d.Engine.Vault.Settings(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	own, err := d.Engine.Personal.Preferences(r.Context(), d.Engine.App, uid)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view := personalView{
		common: newCommon(r, v), UID: uid, URL: personURL(uid),
		Week: settings.Preferences.Mute.ScheduleOverride, OwnWeek: own != nil && own.Schedule != nil,
	}
	shown := func(s *personalSetting) control {
		value := s.now
		if typed != nil && s.allowed {
			value = typed[s.path]
		}
		same := values{s.path: value} // there is no default to tell of
		return s.control(same, same, wrong)
	}
	choices := personalSettings(settings, own)
	for i := range choices {
		view.Choices = append(view.Choices, personalControl{shown(&choices[i]), choices[i].own && choices[i].allowed, choices[i].allowed})
	}
	fields := weekSettings(settings, own)
	for i, day := range days() {
		view.Days = append(view.Days, dayRow{day.label, shown(&fields[3*i]), shown(&fields[3*i+1]), shown(&fields[3*i+2])})
	}
	status := http.StatusOK
	if len(wrong) > 0 {
		status, view.Alert = http.StatusUnprocessableEntity, "Nothing was saved. Please mend what is marked."
	}
	d.show(w, status, "personal", view)
}

func (d *dashboard) personal(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.showPersonal(w, r, v, nil, nil)
}

// savePersonal makes a person's own what differs from what counts for them now;
// the rest stays whose it is.
func (d *dashboard) savePersonal(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	uid, typed := chat.NormalizeUID(r.PathValue("uid")), make(values)
	settings, err := d.Engine.Vault.Settings(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	var changed []string
	_, err = d.Engine.Personal.ChangePreferences(r.Context(), d.Engine.App, uid, func(current *chat.Preferences) (*chat.Preferences, error) {
		tree := make(map[string]any)
		changed = nil
		for _, s := range append(personalSettings(settings, current), weekSettings(settings, current)...) {
			typed[s.path] = strings.TrimSpace(r.PostFormValue(s.path))
			if s.allowed && typed[s.path] != s.now {
				plant(tree, s.path, s.typed(typed[s.path]))
				changed = append(changed, s.path+": "+s.words(s.now)+" → "+s.words(typed[s.path]))
			}
		}
		body, err := json.Marshal(tree)
		if err != nil {
			return nil, fmt.Errorf("write what was typed: %w", err)
		}
		if len(changed) == 0 {
			return current, nil
		}
		return chat.PatchPreferences(settings, current, body)
	})
	var refused *chat.Error
	switch {
	case err == nil:
		if len(changed) > 0 {
			d.record(r, v, actionSavedPerson, uid, strings.Join(changed, ", "))
		}
		then(w, r, personURL(uid), "saved")
	case errors.As(err, &refused) && len(refused.Details) > 0:
		wrong := make(problems)
		for path, texts := range refused.Details {
			wrong[path] = strings.Replace(texts[0], "The "+path+" ", "This ", 1)
			if strings.HasPrefix(path, personalWeek) {
				wrong[path] = "Enter a time of day, such as 09:30."
			}
		}
		d.showPersonal(w, r, v, typed, wrong)
	default:
		d.fail(w, r, err)
	}
}
