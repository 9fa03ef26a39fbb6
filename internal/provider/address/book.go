package address

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// Source is who knows addresses.
type Source string

// The sources, in the order in which they are asked.
const (
	SourceNotification Source = "notification" // what the caller knows
	SourceContacts     Source = "contacts"     // what was set or imported here
	SourceDirectory    Source = "directory"    // what somebody else's server knows
)

// Directory is somebody else's server that knows addresses.
type Directory interface {
	// Email returns the address of a user as the directory has it. The error
	// is a [*NoneError], a [*DirectoryError], or the context's.
	Email(ctx context.Context, uid string) (string, error)
}

// NoneError is an [ErrUnknown] that tells what the sources said.
type NoneError struct{ Said string }

func (e *NoneError) Error() string { return ErrUnknown.Error() + ": " + e.Said }
func (e *NoneError) Unwrap() error { return ErrUnknown }

// DirectoryError says why the directory could not be asked: worth another try.
type DirectoryError struct {
	Target string // host and port
	Status int    // 0 if there was no answer
	// RetryAfter is how long the directory is left alone, at its own wish or
	// because it keeps failing; 0 if it may be asked at any time.
	RetryAfter time.Duration
	Err        error
}

func (e *DirectoryError) Error() string { return "directory: " + e.Err.Error() }
func (e *DirectoryError) Unwrap() error { return e.Err }

// Book finds addresses.
type Book struct {
	Contacts  Store
	Directory Directory // nil: there is none
}

// Found is an address in the form that goes on the wire, and who gave it.
type Found struct {
	Address string
	Source  Source
}

// Find returns the address for a user from the first source that has one.
// given is what the notification carries, and may be empty. The error is a
// [*NoneError], an [*InvalidError] (then Found still tells the source), a
// [*DirectoryError], the store's or the context's.
func (b *Book) Find(ctx context.Context, app, uid, given string) (Found, error) {
	if given = strings.TrimSpace(given); given != "" {
		return found(SourceNotification, given)
	}
	contact, err := b.Contacts.Contact(ctx, app, chat.NormalizeUID(uid))
	if err != nil && !errors.Is(err, ErrUnknown) {
		return Found{}, fmt.Errorf("look up contact: %w", err)
	}
	if contact.Email != "" {
		return found(SourceContacts, contact.Email)
	}
	if b.Directory == nil {
		return Found{}, &NoneError{"the notification carries no address and the contacts hold none"}
	}
	email, err := b.Directory.Email(ctx, uid)
	var none *NoneError
	switch {
	case errors.As(err, &none):
		return Found{}, &NoneError{"the notification carries no address, the contacts hold none, " + none.Said}
	case err != nil:
		return Found{}, fmt.Errorf("look up address: %w", err)
	}
	return found(SourceDirectory, email)
}

func found(source Source, email string) (Found, error) {
	wire, err := Parse(email)
	return Found{wire, source}, err
}
