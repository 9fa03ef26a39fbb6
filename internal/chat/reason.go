package chat

// Reason says why a notification did not become a mail. The upper-case values
// are part of the logs' API (F086) and never change.
type Reason string

const (
	// ReasonMissingEmail means that no address is known for the recipient. The
	// notification can be replayed once there is one.
	ReasonMissingEmail Reason = "MISSING_EMAIL"
	// ReasonInvalidEmail means that the address that is known cannot be an address.
	ReasonInvalidEmail Reason = "INVALID_EMAIL"
	// ReasonExpired means that it became too old to be worth reading.
	ReasonExpired Reason = "EXPIRED"
	// ReasonRejected means that the gateway refused the mail for good.
	ReasonRejected Reason = "REJECTED"
	// ReasonRetriesExhausted means that every attempt failed and the retry schedule is
	// at its end.
	ReasonRetriesExhausted Reason = "RETRIES_EXHAUSTED"
	// ReasonUnreadable means that what was stored can no longer be read or rendered.
	ReasonUnreadable Reason = "UNREADABLE"
)
