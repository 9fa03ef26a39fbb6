package directory

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

// Limits of fields, in characters unless it says bytes (F106, A4).
const (
	maxName        = 100
	maxURL         = 3000
	maxDescription = 255
	maxRole        = 100
	maxPassword    = 100
	maxTags        = 25
	maxTag         = 100
	maxMetadata    = 5 << 10 // bytes
)

// id checks the id of something that is to be made and returns it in lower
// case (A5).
func (p problems) id(field, id string) string {
	id = chat.NormalizeUID(id)
	switch {
	case id == "":
		p.add(field, "The %s field is required.", field)
	case utf8.RuneCountInString(id) > chat.MaxUIDLength:
		p.add(field, "The %s may not be greater than %d characters.", field, chat.MaxUIDLength)
	case !alphaDash(id):
		p.add(field, "The %s may only contain letters, numbers, dashes and underscores.", field)
	}
	return id
}

// IsID reports whether a text in lower case has only the characters that ids of
// users and groups may have (F106). Its length is not looked at.
func IsID(id string) bool { return id != "" && alphaDash(id) }

// alphaDash reports whether a text in lower case has only the characters that
// ids may have.
func alphaDash(s string) bool {
	return strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

func (p problems) length(field, value string, most int) {
	if utf8.RuneCountInString(value) > most {
		p.add(field, "The %s may not be greater than %d characters.", field, most)
	}
}

// name checks a name that must not be blank; what is said if it is depends on
// whether there is one already.
func (p problems) name(value, blank string) {
	if strings.TrimSpace(value) == "" {
		p.add("name", "The name field %s.", blank)
	}
	p.length("name", value, maxName)
}

func (p problems) url(field, value string) {
	if value == "" {
		return
	}
	p.length(field, value, maxURL)
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" {
		p.add(field, "The %s must be a valid URL.", field)
	}
}

func (p problems) role(value string) {
	p.length("role", value, maxRole)
	if !alphaDash(strings.ToLower(value)) {
		p.add("role", "The role may only contain letters, numbers, dashes and underscores.")
	}
}

func (p problems) tags(tags []string) {
	if len(tags) > maxTags {
		p.add("tags", "The tags may not have more than %d items.", maxTags)
		return
	}
	for i, tag := range tags {
		field := "tags." + strconv.Itoa(i)
		if tag == "" {
			p.add(field, "The %s field is required.", field)
		}
		p.length(field, tag, maxTag)
	}
}

// metadata returns what is kept of metadata: an object, also where it comes as
// a text that holds one; another text is kept in an object (A8). Nothing, null
// and an empty array are nil: nothing was said.
func (p problems) metadata(raw json.RawMessage) json.RawMessage {
	if len(raw) > maxMetadata {
		p.add("metadata", "The metadata may not be greater than %d bytes.", maxMetadata)
		return nil
	}
	var value any
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		p.add("metadata", "The metadata must be an object.")
		return nil
	}
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		return raw
	case []any:
		if len(v) == 0 {
			return nil
		}
	case string:
		return metadataText(v)
	}
	p.add("metadata", "The metadata must be an object.")
	return nil
}

func metadataText(text string) json.RawMessage {
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err == nil && object != nil {
		return json.RawMessage(text)
	}
	if text == "" {
		return nil
	}
	wrapped, err := json.Marshal(map[string]string{"rawMetadata": text})
	if err != nil { // a text always marshals
		return nil
	}
	return wrapped
}

// unset checks names of fields to empty.
func (p problems) unset(fields []string, may ...string) {
	for i, field := range fields {
		known := false
		for _, one := range may {
			known = known || one == field
		}
		if !known {
			p.add("unset."+strconv.Itoa(i), "The unset.%d must be one of %s.", i, strings.Join(may, ", "))
		}
	}
}
