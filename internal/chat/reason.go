package chat

// Reason says why a notification did not become a mail, or why it waits. The
// upper-case values are part of the logs' API (F086) and never change.
type Reason string

// Reasons of the documented logs.
const (
	// ReasonMessages, ReasonReplies and ReasonQuotedReplies mean that the
	// person is not to be told of that kind of message.
	ReasonMessages      Reason = "MESSAGES_PREFERENCE"
	ReasonReplies       Reason = "REPLIES_PREFERENCE"
	ReasonQuotedReplies Reason = "QUOTED_REPLIES_PREFERENCE"
	// ReasonDND means that the person wants no notifications at all.
	ReasonDND Reason = "DND_PREFERENCE"
	// ReasonMute means that the person has muted the conversation.
	ReasonMute Reason = "MUTE_PREFERENCE"
	// ReasonSchedule means that it was outside of the person's hours.
	ReasonSchedule Reason = "SCHEDULE_PREFERENCE"
	// ReasonQuota means that the person got as many mails today as may be.
	ReasonQuota Reason = "QUOTA_PREFERENCE"
	// ReasonMissingEmail means that no address is known for the recipient. The
	// notification can be replayed once there is one.
	ReasonMissingEmail Reason = "MISSING_EMAIL"
	// ReasonTimedOut means that the provider did not answer in time.
	ReasonTimedOut Reason = "TIMED_OUT"
	// ReasonNotFound means that the provider said that there is no such thing.
	ReasonNotFound Reason = "NOT_FOUND"
)

// Reasons of ours. Logs under /v3 do not show all of them: which, is said in
// internal/engine/history.
const (
	// ReasonRead means that it was read in time.
	ReasonRead Reason = "READ"
	// ReasonDeleted means that the messages were deleted, or disapproved, in
	// time.
	ReasonDeleted Reason = "DELETED"
	// ReasonBlocked means that one of the two has blocked the other.
	ReasonBlocked Reason = "BLOCKED"
	// ReasonNotMember means that the person is not in the group any more.
	ReasonNotMember Reason = "NOT_A_MEMBER"
	// ReasonNoUser means that the person is deactivated or deleted.
	ReasonNoUser Reason = "USER_DEACTIVATED"
	// ReasonGroupSize means that the group is larger than the app's limit.
	ReasonGroupSize Reason = "GROUP_TOO_LARGE"
	// ReasonOff means that email notifications are switched off.
	ReasonOff Reason = "EMAIL_DISABLED"
	// ReasonNoProvider means that no provider is enabled.
	ReasonNoProvider Reason = "NO_PROVIDER"
	// ReasonWaitingForSchedule means that it waits for the person's hours.
	ReasonWaitingForSchedule Reason = "WAITING_FOR_SCHEDULE"
	// ReasonWaitingForInterval means that the oldest unread message has not
	// waited for long enough.
	ReasonWaitingForInterval Reason = "WAITING_FOR_INTERVAL"
	// ReasonWaitingForCall means that an earlier notification of the same
	// conversation is not settled yet.
	ReasonWaitingForCall Reason = "WAITING_FOR_CALL"
	// ReasonInvalidEmail means that the address that is known cannot be an address.
	ReasonInvalidEmail Reason = "INVALID_EMAIL"
	// ReasonExpired means that it became too old to be worth reading.
	ReasonExpired Reason = "EXPIRED"
	// ReasonRejected means that the provider or the gateway refused it for
	// good.
	ReasonRejected Reason = "REJECTED"
	// ReasonRetriesExhausted means that every attempt failed and the retry schedule is
	// at its end.
	ReasonRetriesExhausted Reason = "RETRIES_EXHAUSTED"
	// ReasonUnreadable means that what was stored can no longer be read or rendered.
	ReasonUnreadable Reason = "UNREADABLE"
)

// PreferenceReason is the reason of a refusal by the event preference of a
// kind of message.
func PreferenceReason(kind Kind) Reason {
	switch kind {
	case KindReply:
		return ReasonReplies
	case KindQuotedReply:
		return ReasonQuotedReplies
	default:
		return ReasonMessages
	}
}
