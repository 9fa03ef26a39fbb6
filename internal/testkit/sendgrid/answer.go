package sendgrid

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is how the API answers.
type Answer struct {
	status int
	header http.Header
	body   string
}

// Raw answers with anything.
func Raw(status int, header http.Header, body string) Answer { return Answer{status, header, body} }

// Unauthorized is the answer to a key that is not valid.
func Unauthorized() Answer {
	return refusal(http.StatusUnauthorized, "The provided authorization grant is invalid, expired, or revoked", "")
}

// CreditsExceeded is the answer when the plan's mails are used up.
func CreditsExceeded() Answer {
	return refusal(http.StatusUnauthorized, "Maximum credits exceeded", "")
}

// Forbidden is the answer to a sender that is not verified.
func Forbidden() Answer {
	return refusal(http.StatusForbidden, "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.", "from")
}

// TooLarge is the answer to too much.
func TooLarge() Answer { return refusal(http.StatusRequestEntityTooLarge, "Payload too large", "") }

// RateLimited is the answer to too many requests: there is room again at
// reset.
func RateLimited(reset time.Time) Answer {
	a := refusal(http.StatusTooManyRequests, "too many requests", "")
	a.header.Set("X-RateLimit-Limit", "600")
	a.header.Set("X-RateLimit-Remaining", "0")
	a.header.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	return a
}

// Broken is the answer of a service that is not well, such as 500 or 503.
func Broken(status int) Answer { return refusal(status, "An internal server error occurred", "") }

// refusal is an answer in the API's form of errors, where what does not apply
// is null.
func refusal(status int, message, field string) Answer {
	type problem struct {
		Message string  `json:"message"`
		Field   *string `json:"field"`
		Help    *string `json:"help"`
	}
	p := problem{Message: message}
	if field != "" {
		help := "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message." + field
		p.Field, p.Help = &field, &help
	}
	body, err := json.Marshal(map[string][]problem{"errors": {p}})
	if err != nil { // strings always marshal
		panic(err)
	}
	return Answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: string(body)}
}

func (a Answer) give(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body) // the caller may be gone
}

// problem returns what a mail lacks, and the field.
func (m *Mail) problem() (message, field string) {
	switch {
	case len(m.Personalizations) == 0:
		return "The personalizations field is required and must have at least one personalization.", "personalizations"
	case len(m.Personalizations) > 1000:
		return "The personalization block is limited to 1000 personalizations per API request.", "personalizations"
	case m.From == nil:
		return "The from object must be provided for every email send.", "from"
	case !isAddress(m.From.Email):
		return "The from email does not contain a valid address.", "from.email"
	case m.ASM != nil && !isPositive(m.ASM.GroupID.String()):
		return "The asm group id should be an integer above 0.", "asm.group_id"
	case m.TemplateID == "" && m.Subject == "":
		return "The subject is required unless a template is used.", "subject"
	case m.TemplateID == "" && len(m.Content) == 0:
		return "Unless a valid template_id is provided, the content parameter is required.", "content"
	case m.TemplateID != "" && !isTemplate(m.TemplateID):
		return "The template_id must be a valid GUID, you provided '" + m.TemplateID + "'.", "template_id"
	}
	for i, p := range m.Personalizations {
		prefix := "personalizations." + strconv.Itoa(i) + "."
		if len(p.To) == 0 {
			return "The to array is required for all personalization objects, and must have at least one email object.", prefix + "to"
		}
		for j, to := range p.To {
			if !isAddress(to.Email) {
				return "Does not contain a valid address.", prefix + "to." + strconv.Itoa(j) + ".email"
			}
		}
		if data := bytes.TrimSpace(p.Data); len(data) > 0 && data[0] != '{' {
			return "The dynamic_template_data must be an object.", prefix + "dynamic_template_data"
		}
	}
	return "", ""
}

func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, " \r\n<>")
}

func isPositive(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0
}

// isTemplate reports whether an id is one of a dynamic template: d- and a
// GUID without its dashes. Ids of older templates have no d-.
func isTemplate(id string) bool {
	guid := strings.ReplaceAll(strings.TrimPrefix(id, "d-"), "-", "")
	return len(guid) == 32 && strings.Trim(strings.ToLower(guid), "0123456789abcdef") == ""
}
