package directory

import (
	"fmt"

	"github.com/postrider/postrider/internal/chat"
)

// Codes of what the directory refuses, beside those of package chat (F103).
const (
	CodeCannotBlockSelf  = "ERR_CANNOT_BLOCK_SELF"
	CodeEmptyGroupPass   = "ERR_EMPTY_GROUP_PASS" //nolint:gosec // G101: no password
	CodeSameScope        = "ERR_SAME_SCOPE"
	CodeNoClearance      = "ERR_GROUP_NO_CLEARANCE"
	CodeNoAdminScope     = "ERR_GROUP_NO_ADMIN_SCOPE"
	CodeNoModeratorScope = "ERR_GROUP_NO_MODERATOR_SCOPE"
	CodeNoScopeClearance = "ERR_GROUP_NO_SCOPE_CLEARANCE"
	CodeNoSelfAction     = "ERR_GROUP_NO_SELF_ACTION"
	CodeNotJoined        = "ERR_GROUP_NOT_JOINED"
	CodeBannedMember     = "ERR_BANNED_GROUPMEMBER"
	CodeAlreadyBanned    = "ERR_ALREADY_BANNED"
	CodeAlreadyJoined    = "ERR_ALREADY_JOINED"
	CodeNotAMember       = "ERR_NOT_A_MEMBER"
	CodeNotBanned        = "ERR_NOT_A_BANNED_USER"
	CodeNotAccessible    = "ERR_CONVERSATION_NOT_ACCESSIBLE"
)

func refusal(code, format string, args ...any) *chat.Error {
	return &chat.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func uidNotFound(uid string) *chat.Error {
	return refusal(chat.CodeUIDNotFound, "The UID %s does not exist, please make sure you have created a user with UID %s.", uid, uid)
}

func guidNotFound(guid string) *chat.Error {
	return refusal(chat.CodeGUIDNotFound, "The group with guid %s does not exist. Please use correct guid or use create group API.", guid)
}

func notJoined(uid, guid string) *chat.Error {
	return refusal(CodeNotJoined, "The user with uid %s is not a member of the group with guid %s.", uid, guid)
}

func notAMember(uid, guid string) *chat.Error {
	return refusal(CodeNotAMember, "The user with uid %s is not a member of the group with guid %s.", uid, guid)
}

func alreadyBanned(uid, guid string) *chat.Error {
	return refusal(CodeAlreadyBanned, "The user with uid %s is already banned from the group with guid %s.", uid, guid)
}

func notAccessible() *chat.Error {
	return refusal(CodeNotAccessible, "There is no message in the conversation, or it is not the acting user's.")
}

// problems collects what is wrong with the fields of a request.
type problems map[string][]string

func (p problems) add(field, format string, args ...any) {
	p[field] = append(p[field], fmt.Sprintf(format, args...))
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &chat.Error{Code: chat.CodeBadRequest, Message: "Failed to validate the data sent with the request.", Details: p}
}
