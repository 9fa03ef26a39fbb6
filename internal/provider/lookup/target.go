package lookup

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/postrider/postrider/internal/outbound"
)

// placeholder stands in the URL for the user id.
const placeholder = "{uid}"

// SettingError says what is wrong with a part of a [Target]: "URL", "HEADER"
// or "PATH". It quotes nothing of it.
type SettingError struct {
	Setting string
	Problem string
}

func (e *SettingError) Error() string { return e.Problem }

// Target is where and how a directory is asked. Make it with [ParseTarget].
type Target struct {
	before, after           string // the URL around the user id
	host                    string
	headerName, headerValue string
	path                    []string
}

// ParseTarget checks a URL with {uid} in its path or query, a header such as
// "Authorization: Bearer …" (or none), and the dotted path of the address in
// the answer. Numbers in the path are places in lists, from 0. The error is a
// [*SettingError].
func ParseTarget(rawURL, header, path string, allowPrivate bool) (Target, error) {
	refuse := func(setting, problem string) (Target, error) { return Target{}, &SettingError{setting, problem} }
	if strings.Count(rawURL, placeholder) != 1 {
		return refuse("URL", "must hold "+placeholder+" once, such as https://api.example.com/users/"+placeholder)
	}
	// Without its placeholder it is a URL like any other.
	sample := strings.Replace(rawURL, placeholder, "uid", 1)
	if err := outbound.CheckURL(sample, allowPrivate); err != nil {
		return refuse("URL", err.Error())
	}
	u, err := url.Parse(sample)
	if err != nil {
		return refuse("URL", "must be a valid URL")
	}
	t := Target{host: u.Host}
	t.before, t.after, _ = strings.Cut(rawURL, placeholder)
	switch {
	case u.Fragment != "" || strings.Contains(rawURL, "#"):
		return refuse("URL", "must have no fragment (#…)")
	case !strings.Contains(strings.TrimPrefix(strings.TrimPrefix(t.before, "https://"), "http://"), "/") && !strings.Contains(t.before, "?"):
		return refuse("URL", "must hold "+placeholder+" in its path or query, not in its host")
	}
	if t.headerName, t.headerValue, err = parseHeader(header); err != nil {
		return refuse("HEADER", err.Error())
	}
	t.path = strings.Split(path, ".")
	if slices.Contains(t.path, "") {
		return refuse("PATH", "must be names with dots between them, such as data.email")
	}
	return t, nil
}

// parseHeader reads "Name: value"; an empty text is none.
func parseHeader(text string) (name, value string, err error) {
	if text == "" {
		return "", "", nil
	}
	name, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch {
	case !ok || !httpguts.ValidHeaderFieldName(name) || value == "" || !httpguts.ValidHeaderFieldValue(value):
		return "", "", errors.New(`must be one header with its value, such as "Authorization: Bearer …"`)
	case slices.ContainsFunc([]string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer"},
		func(s string) bool { return strings.EqualFold(s, name) }):
		return "", "", errors.New("must not be one that the connection sets itself")
	}
	return name, value, nil
}

// Host is host and port of the directory.
func (t *Target) Host() string { return t.host }

// urlFor puts a user id in, percent-encoded so that it is one segment of a
// path, or one value of a query, whatever it holds.
func (t *Target) urlFor(uid string) string {
	return t.before + strings.ReplaceAll(url.QueryEscape(uid), "+", "%20") + t.after
}

// value finds the address in an answer; it is empty where there is none.
func (t *Target) value(body []byte) (string, error) {
	var at any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&at); err != nil {
		return "", errors.New("the answer is not JSON")
	}
	for _, name := range t.path {
		switch inner := at.(type) {
		case map[string]any:
			at = inner[name]
		case []any:
			at = item(inner, name)
		default:
			return "", nil
		}
	}
	switch found := at.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(found), nil
	}
	return "", errors.New("what the answer has at " + strings.Join(t.path, ".") + " is not a text")
}

// item is what a list has at a place; nil where there is no such place.
func item(list []any, place string) any {
	i, err := strconv.Atoi(place)
	if err != nil || i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}
