package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

// fields are what a body says. Each getter checks one field; what is wrong is
// collected, so that a caller hears of everything at one time. null is the same
// as nothing (A7), and fields that nobody asks for are ignored.
type fields struct {
	values  map[string]json.RawMessage
	nulls   map[string]bool
	path    string // before the names of fields, such as "conversations.0."
	details map[string][]string
}

func newFields(object json.RawMessage) *fields {
	f := &fields{nulls: make(map[string]bool), details: make(map[string][]string)}
	f.fill(object)
	return f
}

func (f *fields) fill(object json.RawMessage) bool {
	if err := json.Unmarshal(object, &f.values); err != nil {
		return false
	}
	for name, value := range f.values {
		if string(value) == "null" {
			delete(f.values, name)
			f.nulls[name] = true
		}
	}
	return true
}

// err says what was wrong with all that was asked for, or nil.
func (f *fields) err() error {
	if len(f.details) == 0 {
		return nil
	}
	err := chat.BadRequest("", "")
	err.Details = f.details
	return err
}

// fail refuses a field, in the words of a format whose first verb is the
// field's path.
func (f *fields) fail(name, format string, args ...any) {
	field := f.path + name
	f.details[field] = append(f.details[field], fmt.Sprintf(format, append([]any{field}, args...)...))
}

// has reports whether a field is there.
func (f *fields) has(name string) bool { return f.values[name] != nil }

// isNull reports whether a field was sent as null.
func (f *fields) isNull(name string) bool { return f.nulls[name] }

// require refuses fields that are absent, or empty texts.
func (f *fields) require(names ...string) {
	for _, name := range names {
		if value, ok := f.values[name]; !ok || isBlank(value) {
			f.fail(name, "The %s field is required.")
			delete(f.values, name) // it is wrong once
		}
	}
}

// requirePresent refuses fields that are absent. Empty texts are fine.
func (f *fields) requirePresent(names ...string) {
	for _, name := range names {
		if !f.has(name) {
			f.fail(name, "The %s field must be present.")
		}
	}
}

// filled refuses fields that are there but empty texts.
func (f *fields) filled(names ...string) {
	for _, name := range names {
		if value, ok := f.values[name]; ok && isBlank(value) || f.nulls[name] {
			f.fail(name, "The %s field must have a value.")
			delete(f.values, name)
		}
	}
}

func isBlank(value json.RawMessage) bool {
	var text string
	return json.Unmarshal(value, &text) == nil && strings.TrimSpace(text) == ""
}

// text returns a text of at most so many characters; 0: as many as there are.
func (f *fields) text(name string, most int) (value string, ok bool) {
	raw, ok := f.values[name]
	if !ok {
		return "", false
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		f.fail(name, "The %s must be a string.")
		return "", false
	}
	if most > 0 && utf8.RuneCountInString(value) > most {
		f.fail(name, "The %s may not be greater than %d characters.", most)
		return "", false
	}
	return value, true
}

// choice returns a text that is one of several.
func (f *fields) choice(name string, among ...string) (value string, ok bool) {
	value, ok = f.text(name, 0)
	if ok && !slices.Contains(among, value) {
		f.fail(name, "The selected %s is invalid.")
		return "", false
	}
	return value, ok
}

// boolean returns true or false.
func (f *fields) boolean(name string) (value, ok bool) {
	raw, ok := f.values[name]
	if !ok {
		return false, false
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		f.fail(name, "The %s field must be true or false.")
		return false, false
	}
	return value, true
}

// number returns a whole number.
func (f *fields) number(name string) (value int64, ok bool) {
	raw, ok := f.values[name]
	if !ok {
		return 0, false
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		f.fail(name, "The %s must be an integer.")
		return 0, false
	}
	return value, true
}

// texts returns an array of at most so many texts, each of at most so many
// characters and not empty.
func (f *fields) texts(name string, most, length int) (values []string, ok bool) {
	raw, ok := f.values[name]
	if !ok {
		return nil, false
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		f.fail(name, "The %s must be an array.")
		return nil, false
	}
	if len(items) > most {
		f.fail(name, "The %s may not have more than %d items.", most)
		return nil, false
	}
	values = make([]string, 0, len(items))
	for i, item := range items {
		field := fmt.Sprintf("%s.%d", name, i)
		one := &fields{values: map[string]json.RawMessage{field: item}, nulls: map[string]bool{}, path: f.path, details: f.details}
		if string(item) == "null" {
			delete(one.values, field)
		}
		one.require(field)
		if value, ok := one.text(field, length); ok {
			values = append(values, value)
		}
	}
	return values, true
}

// objects returns an array of objects, whose fields are checked with this
// one's.
func (f *fields) objects(name string, most int) (all []*fields, ok bool) {
	raw, ok := f.values[name]
	if !ok {
		return nil, false
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		f.fail(name, "The %s must be an array.")
		return nil, false
	}
	if len(items) > most {
		f.fail(name, "The %s may not have more than %d items.", most)
		return nil, false
	}
	for i, item := range items {
		field := fmt.Sprintf("%s.%d", name, i)
		one := &fields{nulls: make(map[string]bool), path: f.path + field + ".", details: f.details}
		if !one.fill(item) || one.values == nil {
			f.fail(field, "The %s must be an object.")
			continue
		}
		all = append(all, one)
	}
	return all, true
}

// object returns a field that is an object, byte for byte.
func (f *fields) object(name string, most int) (value json.RawMessage, ok bool) {
	raw, ok := f.values[name]
	if !ok {
		return nil, false
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		f.fail(name, "The %s must be an object.")
		return nil, false
	}
	if len(raw) > most {
		f.fail(name, "The %s may not be greater than %d bytes.", most)
		return nil, false
	}
	return raw, true
}
