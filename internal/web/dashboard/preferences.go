package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/web/gate"
)

const preferencesPath = Path + "/preferences"

// preferencesView is the form of what the app has set.
type preferencesView struct {
	common
	Delivery []control
	Events   []eventRow
	Silence  []control
	Schedule []control
	Days     []dayRow
	Payload  []control
}

// control is a setting as it is shown.
type control struct {
	Name, Label, Hint, Problem string
	Value                      string // of inputs
	On                         bool   // of switches
	Choices                    []choiceRow
	Input                      string // number, time; empty: a switch or a choice
	Default                    string // in words; empty where it is what is shown
}

// Switch reports whether it is one.
func (c control) Switch() bool { return c.Input == "" && c.Choices == nil }

type choiceRow struct {
	choice
	Current bool
}

type eventRow struct {
	Label            string
	OneOnOne, Group  control
	OneOnOneOverride control
	GroupOverride    control
}

type dayRow struct {
	Label         string
	From, To, DND control
}

// values are what settings say, by path, in the words of a form.
type values map[string]string

// valuesOf reads settings as the API shows them.
func valuesOf(s *chat.Settings) (values, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	all := make(values)
	for _, one := range allSettings() {
		var value any = tree
		for _, name := range strings.Split(one.path, ".") {
			object, _ := value.(map[string]any)
			value = object[name]
		}
		all[one.path] = one.show(fmt.Sprint(value))
	}
	return all, nil
}

// show turns a value of the settings into one of a form.
func (s *setting) show(value string) string {
	switch s.kind {
	case aSwitch:
		if value == "true" {
			return "on"
		}
		return ""
	case aTime:
		n, err := strconv.Atoi(value)
		if err != nil {
			return ""
		}
		return fmt.Sprintf("%02d:%02d", n/100, n%100)
	default:
		return value
	}
}

// What is no number and no time becomes one that the rules of the settings
// refuse: so they hear of everything that is wrong at one time.
const (
	noNumber = -1
	noTime   = 9999
)

// typed returns what a form says, in the API's words.
func (s *setting) typed(value string) any {
	value = strings.TrimSpace(value)
	switch s.kind {
	case aSwitch:
		return value != ""
	case aTime:
		// Browsers add seconds to some times.
		hours, rest, _ := strings.Cut(value, ":")
		minutes, _, _ := strings.Cut(rest, ":")
		h, err := strconv.Atoi(hours)
		m, err2 := strconv.Atoi(minutes)
		if err != nil || err2 != nil || len(minutes) != 2 || m < 0 || m > 59 || h < 0 {
			return noTime
		}
		return h*100 + m
	case aNumber, aChoice:
		n, err := strconv.Atoi(value)
		if err != nil {
			return noNumber
		}
		return n
	}
	return value
}

// control shows a setting with its value.
func (s *setting) control(v, defaults values, wrong problems) control {
	c := control{Name: s.path, Label: s.label, Hint: s.hint, Problem: wrong[s.path], Value: v[s.path], On: v[s.path] != ""}
	if v[s.path] != defaults[s.path] {
		c.Default = s.words(defaults[s.path])
	}
	switch s.kind {
	case aNumber:
		c.Input = "number"
	case aTime:
		c.Input = "time"
	case aChoice, aWord:
		for _, one := range s.choices {
			c.Choices = append(c.Choices, choiceRow{one, one.Value == v[s.path]})
		}
	}
	return c
}

// words says what a value is to people.
func (s *setting) words(value string) string {
	for _, one := range s.choices {
		if one.Value == value {
			return one.Label
		}
	}
	if s.kind == aSwitch {
		return onOff(value != "")
	}
	return value
}

func newPreferences(r *http.Request, visitor *gate.Visitor, v values, wrong problems) (preferencesView, error) {
	view := preferencesView{common: newCommon(r, visitor)}
	defaults, err := valuesOf(chat.DefaultSettings())
	if err != nil {
		return view, err
	}
	controls := func(settings []setting) (all []control) {
		for i := range settings {
			all = append(all, settings[i].control(v, defaults, wrong))
		}
		return all
	}
	view.Delivery, view.Silence = controls(deliverySettings()), controls(silenceSettings())
	view.Schedule, view.Payload = controls(scheduleSettings()), controls(payloadSettings())
	for _, e := range events() {
		one, group := controls(eventSettings("oneOnOne", "in one-on-one conversations", e)), controls(eventSettings("group", "in groups", e))
		view.Events = append(view.Events, eventRow{Label: e.label, OneOnOne: one[0], OneOnOneOverride: one[1], Group: group[0], GroupOverride: group[1]})
	}
	for _, d := range days() {
		day := controls(daySettings(d))
		view.Days = append(view.Days, dayRow{d.label, day[0], day[1], day[2]})
	}
	if len(wrong) > 0 {
		view.Alert = "Nothing was saved. Please mend what is marked."
	}
	return view, nil
}

func (d *dashboard) preferences(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	settings, err := d.Engine.Vault.Settings(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	shown, err := valuesOf(settings)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.showPreferences(w, r, v, http.StatusOK, shown, nil)
}

func (d *dashboard) showPreferences(w http.ResponseWriter, r *http.Request, v *gate.Visitor, status int, shown values, wrong problems) {
	view, err := newPreferences(r, v, shown, wrong)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, status, "preferences", view)
}

func (d *dashboard) savePreferences(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	typed := make(values)
	tree := make(map[string]any)
	for _, s := range allSettings() {
		typed[s.path] = r.PostFormValue(s.path)
		plant(tree, s.path, s.typed(typed[s.path]))
	}
	body, err := json.Marshal(tree)
	if err != nil {
		d.fail(w, r, fmt.Errorf("write what was typed: %w", err))
		return
	}
	var changed []string
	err = d.Engine.Vault.ChangeSettings(r.Context(), d.Engine.App, func(current *chat.Settings) (*chat.Settings, error) {
		next, err := chat.PatchSettings(current, body)
		if err != nil {
			return nil, err
		}
		changed, err = differences(current, next)
		return next, err
	})
	wrong := make(problems)
	var refused *chat.Error
	switch {
	case err == nil:
		if len(changed) > 0 {
			d.record(r, v, access.ActionSavedPreferences, "", strings.Join(changed, ", "))
		}
		then(w, r, preferencesPath, "saved")
	case errors.As(err, &refused) && len(refused.Details) > 0:
		for path, texts := range refused.Details {
			wrong[path] = plainSetting(path, texts[0])
		}
		d.showPreferences(w, r, v, http.StatusUnprocessableEntity, typed, wrong)
	default:
		d.fail(w, r, err)
	}
}

// plant puts a value into a tree of objects, under its path.
func plant(tree map[string]any, path string, value any) {
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		below, ok := tree[name].(map[string]any)
		if !ok {
			below = make(map[string]any)
			tree[name] = below
		}
		tree = below
	}
	tree[names[len(names)-1]] = value
}

// differences says what is changed, and how.
func differences(before, after *chat.Settings) ([]string, error) {
	was, err := valuesOf(before)
	if err != nil {
		return nil, err
	}
	is, err := valuesOf(after)
	if err != nil {
		return nil, err
	}
	var changed []string
	for _, s := range allSettings() {
		if was[s.path] != is[s.path] {
			changed = append(changed, strings.TrimPrefix(s.path, "preferences.")+": "+s.words(was[s.path])+" → "+s.words(is[s.path]))
		}
	}
	return changed, nil
}

// plainSetting says in the words of the form what is said in those of the API.
func plainSetting(path, text string) string {
	if strings.HasPrefix(path, schedulePath) {
		return "Enter a time of day, such as 09:30."
	}
	return strings.Replace(text, "The "+path+" ", "This ", 1)
}

func (d *dashboard) confirmResetPreferences(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Reset all preferences?",
		Text:   "Every setting of the app, its templates too, becomes what it was at first. What people have chosen for themselves stays.",
		Action: preferencesPath + "/reset", Button: "Reset them", Keep: "Keep them", Back: preferencesPath,
	})
}

func (d *dashboard) resetPreferences(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	if err := d.Engine.Vault.ResetSettings(r.Context(), d.Engine.App); err != nil {
		d.fail(w, r, err)
		return
	}
	d.record(r, v, access.ActionResetPreferences, "", "")
	then(w, r, preferencesPath, "saved")
}
