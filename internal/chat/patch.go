package chat

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// PatchSettings returns an app's settings with the body of a PATCH laid over
// them: what it does not name, and what it names as null, stays (section 4.2
// of CometChat's notification API, F065). Fields that there are not are
// ignored. current is not changed.
//
// A body that is refused is an [*Error] with [CodeBadRequest] whose details
// name every field that is wrong by its path, such as
// preferences.email.intervalInSeconds; the body as a whole is "body".
func PatchSettings(current *Settings, body []byte) (*Settings, error) {
	in, err := readInput(body)
	if err != nil {
		return nil, err
	}
	now, err := json.Marshal(current)
	if err != nil {
		return nil, fmt.Errorf("writing the settings that are there: %w", err)
	}
	document, err := decode(now)
	if err != nil {
		return nil, fmt.Errorf("reading the settings that are there: %w", err)
	}
	tree, ok := document.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the settings that are there are no object, but %s", now)
	}
	in.layOver(tree)
	if err := refuse(in.details); err != nil {
		return nil, err
	}
	merged, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("writing the changed settings: %w", err)
	}
	next := current.clone()
	if err := json.Unmarshal(merged, next); err != nil {
		return nil, fmt.Errorf("reading the changed settings: %w", err)
	}
	if err := next.Validate(); err != nil {
		return nil, err
	}
	return next, nil
}

// layOver puts what was sent into an object that has all fields there are, and
// so tells of what sort each is.
func (in *input) layOver(object map[string]any) {
	for name, sent := range in.fields {
		have, known := object[name]
		switch {
		case sent == nil:
		case in.isFree():
			object[name] = sent
		case !known && !in.isTexts():
		case in.isObject(name):
			below, ok := have.(map[string]any)
			if !ok {
				below = make(map[string]any) // it was null
			}
			in.object(name).layOver(below)
			object[name] = below
		default:
			want := sortOf(have)
			if in.isTexts() {
				want = aString
			}
			if value, ok := in.get(name, want); ok {
				object[name] = value
			}
		}
	}
}

// isFree: settings of other channels are kept as they are sent.
func (in *input) isFree() bool { return in.path == "preferences.push" || in.path == "preferences.call" }

// isTexts: sounds, and the texts of a template, have any names.
func (in *input) isTexts() bool {
	return in.path == "sound" || strings.HasPrefix(in.path, "templates.")
}

// isObject: a field that holds others, also where it is null now.
func (in *input) isObject(name string) bool {
	switch in.path {
	case "":
		return true
	case "preferences":
		return !strings.HasPrefix(name, "bypass")
	case "preferences.mute":
		return name == "schedulePreferenceSetting"
	case "preferences.mute.schedulePreferenceSetting":
		return true
	case "templates":
		return name != "usePrivacyTemplate"
	default:
		return false
	}
}

// clone returns settings that share nothing which reading JSON into them would
// change.
func (s *Settings) clone() *Settings {
	c := *s
	p := &c.Preferences
	p.Group, p.OneOnOne = maps.Clone(p.Group), maps.Clone(p.OneOnOne)
	p.Push, p.Call = maps.Clone(p.Push), maps.Clone(p.Call)
	c.Sound = maps.Clone(c.Sound)
	return &c
}
