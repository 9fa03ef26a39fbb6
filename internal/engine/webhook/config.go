// Package webhook is the way out to a custom provider: one POST of a
// notification to the URL that an app has set, or to ourselves where that URL
// is our own.
//
// It gets ready-made bytes and keeps nothing. What is in a notification stands
// in package notification; when to call again is decided by its caller.
package webhook

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/notification"
)

// Limits of the credentials in characters (S38).
const (
	MaxUsernameLength = 50
	MaxPasswordLength = 100
)

// maxSecretLength has room for all the secrets that may be there at one time.
const maxSecretLength = 1000

// Config is an app's custom provider (F002 to F006), as the API writes it. Its
// password and secret are in the clear: it must not be logged.
type Config struct {
	IsEnabled bool `json:"isEnabled"`
	// UseStoredEmailID has it called only for people with a stored address.
	UseStoredEmailID  bool   `json:"useStoredEmailID"`
	WebhookURL        string `json:"webhookURL"`
	UseBasicAuth      bool   `json:"useBasicAuth"`
	BasicAuthUsername string `json:"basicAuthUsername"`
	BasicAuthPassword string `json:"basicAuthPassword"`
	// SignatureSecret, if set, signs the calls; see
	// [notification.ParseSecrets]. The field is ours (F118).
	SignatureSecret string `json:"signatureSecret"`
}

// Validate names every field that cannot be used, in a [*chat.Error]. here
// tells our own URLs, which are always allowed; it may be nil.
func (c *Config) Validate(allowPrivate bool, here func(url string) bool) error {
	var refusal *chat.Error
	refuse := func(field, problem string) {
		problem = "The " + field + " " + problem + "."
		if refusal == nil {
			refusal = chat.BadRequest(field, problem)
			return
		}
		refusal.Details[field] = append(refusal.Details[field], problem)
	}
	ours := here != nil && here(c.WebhookURL)
	if err := outbound.CheckURL(c.WebhookURL, allowPrivate || ours); err != nil {
		refuse("webhookURL", err.Error())
	}
	if strings.Contains(c.BasicAuthUsername, ":") {
		refuse("basicAuthUsername", "must not contain a colon") // RFC 7617, section 2
	}
	for _, field := range []struct {
		name, value string
		most        int
	}{{"basicAuthUsername", c.BasicAuthUsername, MaxUsernameLength}, {"basicAuthPassword", c.BasicAuthPassword, MaxPasswordLength}} {
		switch {
		case c.UseBasicAuth && field.value == "":
			refuse(field.name, "must not be empty when useBasicAuth is true")
		case utf8.RuneCountInString(field.value) > field.most:
			refuse(field.name, "must not be longer than "+strconv.Itoa(field.most)+" characters")
		case !utf8.ValidString(field.value) || strings.ContainsFunc(field.value, unicode.IsControl):
			refuse(field.name, "must not contain control characters")
		}
	}
	if len(c.SignatureSecret) > maxSecretLength {
		refuse("signatureSecret", "must not be longer than "+strconv.Itoa(maxSecretLength)+" characters")
	} else if _, err := notification.ParseSecrets(c.SignatureSecret); err != nil {
		refuse("signatureSecret", "cannot be used: "+err.Error())
	}
	if refusal == nil {
		return nil
	}
	return refusal
}

// Endpoint names the server that is called, for the breaker and for metrics:
// scheme, host and port, nothing that may be secret.
func (c *Config) Endpoint() string {
	u, err := url.Parse(c.WebhookURL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
