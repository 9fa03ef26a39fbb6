package chat

import (
	"encoding/json"
	"time"
)

// User is a person of the chat (F107). What is not known is empty.
type User struct {
	UID           string
	Name          string
	Avatar        string
	Link          string
	Role          string
	StatusMessage string
	Metadata      json.RawMessage // an object, or nil
	Tags          []string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DeactivatedAt time.Time
	// Made: the API has made or changed them, so that what messages say of them
	// in passing does not count.
	Made bool
}

// DisplayName is the name, or the id of somebody without one.
func (u *User) DisplayName() string {
	if u.Name == "" {
		return u.UID
	}
	return u.Name
}
