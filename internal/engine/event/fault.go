package event

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// errRequired is the cause of a refusal for what is not there.
var errRequired = errors.New("is required")

func missing(field string) error { return &chat.FieldError{Field: field, Err: errRequired} }

func refusal(field, problem string) error {
	return &chat.FieldError{Field: field, Err: errors.New(problem)}
}

// under puts a path before the field that an error names.
func under(path string, err error) error {
	var fault *chat.FieldError
	if !errors.As(err, &fault) {
		return err
	}
	field := strings.Trim(path+"."+fault.Field, ".")
	if field == "" {
		field = "body"
	}
	return &chat.FieldError{Field: field, Err: fault.Err}
}

// unmarshal is json.Unmarshal with errors that name the field.
func unmarshal(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return refusal(wrong.Field, wanted(wrong.Type)+", not "+article(wrong.Value))
	}
	return refusal("", "is not valid JSON: "+err.Error())
}

// mismatch refuses a JSON value for one of our own types, the way encoding/json
// does: it will add the path.
func mismatch[T any](data []byte) error {
	return &json.UnmarshalTypeError{Value: jsonType(data), Type: reflect.TypeFor[T]()}
}

func wanted(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[id]():
		return "must be a string or a whole number"
	case reflect.TypeFor[stamp]():
		return "must be a UNIX time in whole seconds"
	case reflect.TypeFor[party](), reflect.TypeFor[reference]():
		return "must be an id or an object"
	}
	//nolint:exhaustive // the kinds that the types of this package use
	switch t.Kind() {
	case reflect.String:
		return "must be a string"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Slice:
		if t == reflect.TypeFor[people]() || t == reflect.TypeFor[object]() {
			return "must be an object"
		}
		return "must be an array"
	default:
		return "must be an object"
	}
}

func jsonType(data []byte) string {
	if len(data) == 0 {
		return "nothing"
	}
	switch data[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	default:
		return "number"
	}
}

// article puts an article before the name of a JSON type; what encoding/json
// adds to it (the number itself) is not repeated.
func article(value string) string {
	name, _, _ := strings.Cut(value, " ")
	switch name {
	case "bool":
		return "a boolean"
	case "object", "array":
		return "an " + name
	default:
		return "a " + name
	}
}
