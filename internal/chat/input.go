package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// bodyField names what was sent as a whole.
const bodyField = "body"

// input reads an object that was sent, field by field. What is absent or null
// is nil; what is wrong is put into details, under the field's whole path.
type input struct {
	path    string // of the object; empty: the body
	fields  map[string]any
	details map[string][]string
}

// readInput takes a body apart, which must be a JSON object.
func readInput(body []byte) (*input, error) {
	document, err := decode(body)
	if err != nil {
		refused := BadRequest(bodyField, "The body must be a JSON object.")
		refused.Err = err
		return nil, refused
	}
	fields, ok := document.(map[string]any)
	if !ok {
		return nil, BadRequest(bodyField, "The body must be a JSON object.")
	}
	return &input{fields: fields, details: make(map[string][]string)}, nil
}

// decode returns what one JSON value says, with its numbers as they are
// written.
func decode(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return value, nil
}

// at is the path of a field.
func (in *input) at(name string) string {
	if in.path == "" {
		return name
	}
	return in.path + "." + name
}

func (in *input) refuse(name, problem string) {
	field := in.at(name)
	in.details[field] = append(in.details[field], "The "+field+" must be "+problem+".")
}

// Sorts of values, in the words of a refusal.
const (
	anObject    = "an object"
	aString     = "a string"
	aBoolean    = "true or false"
	wholeNumber = "a whole number"
)

// sortOf says what a value is; what nothing of ours can be is "".
func sortOf(value any) string {
	switch value := value.(type) {
	case map[string]any:
		return anObject
	case string:
		return aString
	case bool:
		return aBoolean
	case json.Number:
		if _, err := strconv.Atoi(value.String()); err == nil {
			return wholeNumber
		}
	}
	return ""
}

// get returns a field if it is there and of the sort that it should be.
func (in *input) get(name, want string) (any, bool) {
	value := in.fields[name]
	if value == nil {
		return nil, false
	}
	if sortOf(value) != want {
		in.refuse(name, want)
		return nil, false
	}
	return value, true
}

// object returns a field that is an object: one without fields if there is
// none.
func (in *input) object(name string) *input {
	value, _ := in.get(name, anObject)
	fields, _ := value.(map[string]any)
	return &input{in.at(name), fields, in.details}
}

func (in *input) boolean(name string) *bool {
	value, ok := in.get(name, aBoolean)
	if !ok {
		return nil
	}
	b := value == true
	return &b
}

// integer returns a whole number between two others.
func (in *input) integer(name string, least, most int) *int {
	between := func(n int) bool { return n >= least && n <= most }
	return in.whole(name, between, fmt.Sprintf("between %d and %d", least, most))
}

// whole returns a whole number that is as it should be.
func (in *input) whole(name string, fits func(int) bool, problem string) *int {
	value, ok := in.get(name, wholeNumber)
	if !ok {
		return nil
	}
	text, _ := value.(json.Number)
	n, err := strconv.Atoi(text.String())
	if err != nil || !fits(n) {
		in.refuse(name, problem)
		return nil
	}
	return &n
}
