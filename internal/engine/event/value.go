package event

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

// id is an id as chats write them: a string, or a whole number (C17).
type id string

// UnmarshalJSON implements [json.Unmarshaler].
func (i *id) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
	case data[0] == '"':
		text, err := unquote(data)
		if err != nil {
			return err
		}
		*i = id(text)
	case isDigits(data):
		*i = id(data)
	default:
		return mismatch[id](data)
	}
	return nil
}

// stamp is a moment: a number of seconds since 1970, or that number as a
// string; 0 is none.
type stamp int64

// maxStamp is the end of the year 9999: what is later was meant in
// milliseconds.
const maxStamp = 253_402_300_799

// UnmarshalJSON implements [json.Unmarshaler].
func (s *stamp) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	digits := data
	if len(data) > 2 && data[0] == '"' {
		digits = data[1 : len(data)-1]
	}
	if !isDigits(digits) {
		return mismatch[stamp](data)
	}
	seconds, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || seconds > maxStamp {
		return mismatch[stamp](data)
	}
	*s = stamp(seconds)
	return nil
}

func (s stamp) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

// count is how many there are: a whole number, or that number as a string. What
// is none is as good as absent: no event is worth refusing for it.
type count int32

// UnmarshalJSON implements [json.Unmarshaler].
func (c *count) UnmarshalJSON(data []byte) error {
	digits := data
	if len(data) > 2 && data[0] == '"' {
		digits = data[1 : len(data)-1]
	}
	if *c = 0; isDigits(digits) {
		n, _ := strconv.ParseInt(string(digits), 10, 32) // of what is too large it returns the largest
		*c = count(n)
	}
	return nil
}

// object is a JSON object that is kept as it is. An empty array, which is how
// some languages write an empty object, is none.
type object json.RawMessage

// UnmarshalJSON implements [json.Unmarshaler].
func (o *object) UnmarshalJSON(data []byte) error {
	switch {
	case data[0] == '{':
		*o = append((*o)[:0], data...)
	case !isNothing(data):
		return mismatch[object](data)
	}
	return nil
}

// isNothing: null and the empty array.
func isNothing(data []byte) bool {
	return string(data) == "null" || data[0] == '[' && len(bytes.TrimSpace(data[1:len(data)-1])) == 0
}

func isDigits(data []byte) bool {
	for _, c := range data {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(data) > 0
}

func unquote(data []byte) (string, error) {
	if inner := data[1 : len(data)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), nil
	}
	var text string
	err := json.Unmarshal(data, &text)
	return text, err
}

// line makes one line of a text without control characters, which a database
// may refuse.
func line(s string) string {
	if strings.IndexFunc(s, unicode.IsControl) < 0 {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s))
}

// lines is line for a text that may have several.
func lines(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// checkID refuses what cannot be an id. It is more lenient than CometChat
// (F106), because other chats have other alphabets.
func checkID(field, id string) error {
	switch {
	case id == "":
		return missing(field)
	case len(id) > chat.MaxUIDLength && utf8.RuneCountInString(id) > chat.MaxUIDLength:
		return refusal(field, "is longer than "+strconv.Itoa(chat.MaxUIDLength)+" characters")
	case strings.ContainsFunc(id, unicode.IsControl):
		return refusal(field, "contains a control character")
	}
	return nil
}

// uid returns a user id or group id as it is stored.
func uid(field string, value id) (string, error) {
	normal := chat.NormalizeUID(string(value))
	return normal, checkID(field, normal)
}
