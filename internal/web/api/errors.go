package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/directory"
	"github.com/postrider/postrider/internal/web/answer"
)

// Codes of errors that only the API knows (F103).
const (
	codeNoKey       = "AUTH_ERR_EMPTY_APIKEY"
	codeUnknownKey  = "AUTH_ERR_APIKEY_NOT_FOUND"
	codeNoAccess    = "AUTH_ERR_NO_ACCESS"
	codeWrongApp    = "AUTH_ERR_INVALID_APPID"
	codeNoEndpoint  = "ERR_API_NOT_FOUND"
	codeTooMany     = "ERR_TOO_MANY_REQUESTS"
	codeQuota       = "ERR_PLAN_QUOTA_RESTRICTION"
	codeKeySelf     = "ERR_APIKEY_NO_SELF_ACTION"
	codeKeyNotFound = "ERR_APIKEY_NOT_FOUND"
	codeException   = "ERR_EXCEPTION"
)

// statusOf is the HTTP status of each code (section 1.2 of the directory's
// conventions, and 4.9 of the notifications'). What is not here is 500.
func statusOf(code string) int {
	switch code {
	case chat.CodeBadRequest, chat.CodeUIDExists, chat.CodeGUIDExists, directory.CodeEmptyGroupPass, directory.CodeCannotBlockSelf:
		return http.StatusBadRequest
	case codeNoKey, codeUnknownKey, codeWrongApp:
		return http.StatusUnauthorized
	case codeQuota:
		return http.StatusPaymentRequired
	case codeNoAccess, codeKeySelf,
		directory.CodeSameScope, directory.CodeNoClearance, directory.CodeNoAdminScope, directory.CodeNoModeratorScope,
		directory.CodeNoScopeClearance, directory.CodeNoSelfAction, directory.CodeNotJoined, directory.CodeBannedMember,
		directory.CodeAlreadyBanned, directory.CodeAlreadyJoined, directory.CodeNotAccessible:
		return http.StatusForbidden
	case codeNoEndpoint, codeKeyNotFound, chat.CodeUIDNotFound, chat.CodeGUIDNotFound, chat.CodeProviderMissing,
		directory.CodeNotAMember, directory.CodeNotBanned:
		return http.StatusNotFound
	case chat.CodeProviderExists:
		return http.StatusConflict
	case codeTooMany:
		return http.StatusTooManyRequests
	default:
		return http.StatusInternalServerError
	}
}

// refusal is an error that callers are told, with its code.
func refusal(code, format string, args ...any) *chat.Error {
	return &chat.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func errNoEndpoint() error {
	return refusal(codeNoEndpoint, "The API endpoint is invalid. Please verify the API call.")
}

func errNoUser(uid string) error {
	return refusal(chat.CodeUIDNotFound, "The UID %s does not exist, please make sure you have created a user with UID %[1]s.", uid)
}

// tooLarge is a body above its limit: the one refusal whose status its code
// does not tell.
type tooLarge struct{ limit int64 }

func (e *tooLarge) Error() string { return fmt.Sprintf("The body is larger than %d bytes.", e.limit) }

// problem is the form of every error (F104).
type problem struct {
	Error problemError `json:"error"`
}

type problemError struct {
	Code       string              `json:"code"`
	Message    string              `json:"message"`
	DevMessage string              `json:"devMessage"`
	Details    map[string][]string `json:"details,omitempty" doc:"What is wrong, by the path of the field."`
	Source     string              `json:"source"`
}

// refuse answers with an error. One that is not meant for callers is logged
// here, and they learn nothing of it.
func (a *api) refuse(w http.ResponseWriter, r *http.Request, operation string, err error) {
	p := problemError{Source: "chat-api"}
	if strings.HasPrefix(r.URL.Path, prefix+"/notifications/") {
		p.Source = "notifications"
	}
	status := http.StatusInternalServerError
	var known *chat.Error
	var large *tooLarge
	switch {
	case errors.As(err, &large):
		status, p.Code, p.Message = http.StatusRequestEntityTooLarge, chat.CodeBadRequest, large.Error()
	case errors.As(err, &known):
		status, p.Code, p.Message, p.Details = statusOf(known.Code), known.Code, known.Message, known.Details
		if known.Err != nil {
			p.DevMessage = known.Error()
		}
	default:
		p.Code, p.Message = codeException, "Something went wrong. Please try again later."
		// Who hung up is not waiting for an answer.
		if r.Context().Err() == nil || !errors.Is(err, context.Canceled) {
			a.Logger.ErrorContext(r.Context(), "REST call failed", "operation", operation, "error", err)
		}
	}
	if p.DevMessage == "" {
		p.DevMessage = p.Message
	}
	answer.JSON(w, status, problem{p})
}
