package chat

// Error is a refusal with a code that callers of an API rely on (F103).
type Error struct {
	Code    string
	Message string
	// Details names what is wrong, by the path of its field.
	Details map[string][]string
	Err     error // the cause, if there is one
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Codes of errors (F103). The API's table of statuses stands in web/api.
const (
	CodeBadRequest      = "ERR_BAD_REQUEST"
	CodeUIDNotFound     = "ERR_UID_NOT_FOUND"
	CodeGUIDNotFound    = "ERR_GUID_NOT_FOUND"
	CodeUIDExists       = "ERR_UID_ALREADY_EXISTS"
	CodeGUIDExists      = "ERR_GUID_ALREADY_EXISTS"
	CodeProviderMissing = "ERR_PROVIDER_NOT_FOUND"
	CodeProviderExists  = "ERR_PROVIDER_ALREADY_EXISTS"
)

// BadRequest refuses one field of what was sent.
func BadRequest(field, problem string) *Error {
	return &Error{
		Code: CodeBadRequest, Message: "Failed to validate the data sent with the request.",
		Details: map[string][]string{field: {problem}},
	}
}
