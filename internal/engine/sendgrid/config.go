// Package sendgrid is the way out to SendGrid: one mail by a dynamic template
// of the app's, through the v3 API's mail/send.
//
// It gets the template's data ready-made and keeps nothing. When to try again
// is decided by its caller.
package sendgrid

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/mail"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

// Config is an app's SendGrid account (F007, F008), as the API writes it. Its
// key is in the clear: it must not be logged.
type Config struct {
	IsEnabled          bool    `json:"isEnabled"`
	APIKey             string  `json:"sendGridApiKey"`
	TemplateID         string  `json:"sendGridTemplateID"`
	UnsubscribeGroupID GroupID `json:"sendGridUnsubscribeGroupID"` // F010
	SenderName         string  `json:"senderName"`
	SenderEmail        string  `json:"senderEmail"`
	// AllowEmailReplies cannot be true yet; the address for replies is kept.
	AllowEmailReplies     bool    `json:"allowEmailReplies"`
	SenderEmailForReplies *string `json:"senderEmailForReplies"`
}

// Default is what holds for the fields that a new account does not name: read
// its JSON into this.
func Default() Config { return Config{IsEnabled: true} }

// GroupID is the number of a suppression group. In JSON it is a number, and on
// input it may be one in a string.
type GroupID int64

// UnmarshalJSON implements [json.Unmarshaler].
func (g *GroupID) UnmarshalJSON(data []byte) error {
	text := string(bytes.TrimSpace(data))
	if text == "null" {
		return nil
	}
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		text = strings.TrimSpace(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("must be a whole number")
	}
	*g = GroupID(n)
	return nil
}

// Limits of texts in characters. SendGrid's own are not published, or wider.
const (
	maxKey   = 255
	maxName  = 100
	maxEmail = 254 // RFC 5321
)

// Validate names every field that cannot be used, in a [*chat.Error].
func (c *Config) Validate() error {
	var refusal *chat.Error
	refuse := func(field, problem string) {
		problem = "The " + field + " " + problem + "."
		if refusal == nil {
			refusal = chat.BadRequest(field, problem)
			return
		}
		refusal.Details[field] = append(refusal.Details[field], problem)
	}
	for _, field := range []struct {
		name, value string
		most        int
		spaces      bool
	}{
		{"sendGridApiKey", c.APIKey, maxKey, false},
		{"sendGridTemplateID", c.TemplateID, maxName, false},
		{"senderName", c.SenderName, maxName, true},
		{"senderEmail", c.SenderEmail, maxEmail, true},
	} {
		switch {
		case strings.TrimSpace(field.value) == "":
			refuse(field.name, "must not be empty")
		case utf8.RuneCountInString(field.value) > field.most:
			refuse(field.name, "must not be longer than "+strconv.Itoa(field.most)+" characters")
		case !utf8.ValidString(field.value) || strings.ContainsFunc(field.value, unicode.IsControl):
			refuse(field.name, "must not contain control characters")
		case !field.spaces && !printable(field.value):
			refuse(field.name, "must not contain spaces, or letters outside ASCII")
		case field.name == "senderEmail" && !isEmail(field.value):
			refuse(field.name, "must be an email address")
		}
	}
	if c.UnsubscribeGroupID <= 0 {
		refuse("sendGridUnsubscribeGroupID", "must be the number of an unsubscribe group")
	}
	if c.AllowEmailReplies {
		refuse("allowEmailReplies", "must be false: replies by email do not exist here")
	}
	if r := c.SenderEmailForReplies; r != nil && *r != "" {
		switch {
		case !isEmail(*r):
			refuse("senderEmailForReplies", "must be an email address")
		case strings.Contains(*r, "+"):
			refuse("senderEmailForReplies", "must not contain a plus sign")
		}
	}
	if refusal == nil {
		return nil
	}
	return refusal
}

// printable reports whether a text can stand in a header and is one word.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// isEmail reports whether a text is a bare address with a domain. Whether
// SendGrid may send from it, only SendGrid knows.
func isEmail(s string) bool {
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Name != "" || parsed.Address != s || len(s) > maxEmail {
		return false
	}
	domain := s[strings.LastIndexByte(s, '@')+1:]
	return strings.Contains(strings.Trim(domain, "."), ".") && !strings.HasPrefix(domain, "[")
}
