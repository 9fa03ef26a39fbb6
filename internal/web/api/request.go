package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
)

// request is what an operation works on.
type request struct {
	http   *http.Request
	app    string
	key    access.Key // of the caller
	actor  string     // in whose name, or empty; in its normal form
	body   json.RawMessage
	values url.Values

	// subject and detail are what the audit log says of what was done; idle: that
	// was nothing.
	subject, detail string
	idle            bool
}

// differs notes for the audit log in what two values differ.
func (r *request) differs(before, after any) (err error) {
	r.detail, err = changed(before, after)
	r.idle = r.detail == ""
	return err
}

// id returns a part of the path in the normal form of ids.
func (r *request) id(name string) string { return chat.NormalizeUID(r.http.PathValue(name)) }

// query returns a parameter of the query, or "".
func (r *request) query(name string) string {
	if r.values == nil {
		r.values = r.http.URL.Query()
	}
	return r.values.Get(name)
}

// queryList returns a parameter that holds several values: with commas,
// repeated, or as name[].
func (r *request) queryList(name string) []string {
	r.query(name)
	var all []string
	for _, value := range append(r.values[name], r.values[name+"[]"]...) {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// queryBool returns a parameter that is true, false, 1 or 0; set tells whether
// it is there.
func (r *request) queryBool(name string) (value, set bool, err error) {
	switch strings.ToLower(r.query(name)) {
	case "":
		return false, false, nil
	case "true", "1":
		return true, true, nil
	case "false", "0":
		return false, true, nil
	}
	return false, false, chat.BadRequest(name, "The "+name+" field must be true or false.")
}

// queryInt returns a parameter that is a whole number.
func (r *request) queryInt(name string) (value int64, set bool, err error) {
	text := r.query(name)
	if text == "" {
		return 0, false, nil
	}
	value, err = strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, false, chat.BadRequest(name, "The "+name+" must be an integer.")
	}
	return value, true, nil
}

// fields returns the body's fields.
func (r *request) fields() *fields { return newFields(r.body) }

// read reads the body. None at all, and the [] that some clients send, stand
// for {}. GET has a body only where such a client calls: it is ignored.
func (r *request) read(w http.ResponseWriter, op *operation) error {
	limit := op.limit
	if limit == 0 {
		limit = maxBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.http.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &tooLarge{limit}
	case err != nil:
		// The caller is gone, or sends nonsense for chunks.
		return &chat.Error{Code: chat.CodeBadRequest, Message: "The body cannot be read.", Err: err}
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 || isEmptyArray(body) || op.method == http.MethodGet {
		body = []byte("{}")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return &chat.Error{Code: chat.CodeBadRequest, Message: "The body must be a JSON object.", Err: err}
	}
	r.body = body
	return nil
}

func isEmptyArray(body []byte) bool {
	var array []json.RawMessage
	return body[0] == '[' && json.Unmarshal(body, &array) == nil && len(array) == 0
}
