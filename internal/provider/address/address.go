// Package address finds where a recipient's mail goes, and judges what can be
// an address.
//
// It neither renders nor sends.
package address

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/idna"
)

// ErrUnknown means that no address is known for the user.
var ErrUnknown = errors.New("no address is known")

// InvalidError says why something cannot be a mail address.
type InvalidError struct{ Problem string }

func (e *InvalidError) Error() string { return "not an email address: " + e.Problem }

// Contact is how to reach one user.
type Contact struct {
	UID       string    `json:"uid"`
	Email     string    `json:"email"` // empty if only the phone is known
	Phone     string    `json:"phone,omitempty"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// Store keeps contacts. User ids are in their normal form.
type Store interface {
	// Contact returns one contact, or ErrUnknown.
	Contact(ctx context.Context, app, uid string) (Contact, error)
	// Contacts lists contacts that have an address by uid, those after a given
	// one, whose uid or address contains search.
	Contacts(ctx context.Context, app, after, search string, limit int) ([]Contact, error)
	// SetContacts stores addresses, replacing those known of their uids.
	SetContacts(ctx context.Context, app string, contacts []Contact) error
	// DeleteContact forgets a contact, or returns ErrUnknown.
	DeleteContact(ctx context.Context, app, uid string) error
}

// Parse checks a bare address (no display name) and returns it with its
// domain in ASCII (RFC 5891).
func Parse(s string) (string, error) {
	// net/mail takes display names, comments and quoted local parts; an
	// address book entry has none of them.
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return "", &InvalidError{strings.TrimPrefix(err.Error(), "mail: ")}
	}
	at := strings.LastIndexByte(s, '@')
	if parsed.Name != "" || parsed.Address != s {
		return "", &InvalidError{"more than a bare address"}
	}
	local, domain := s[:at], s[at+1:]
	ascii, err := idna.Lookup.ToASCII(domain)
	switch {
	case err != nil:
		return "", &InvalidError{"domain " + strings.TrimPrefix(err.Error(), "idna: ")}
	case strings.HasPrefix(domain, "["):
		return "", &InvalidError{"an IP address instead of a domain"}
	case !strings.Contains(strings.Trim(ascii, "."), "."):
		return "", &InvalidError{"the domain has no dot"}
	case len(local) > 64:
		return "", &InvalidError{"more than 64 bytes before the @"}
	case len(local)+1+len(ascii) > 254:
		return "", &InvalidError{"longer than 254 bytes"}
	}
	for _, r := range local {
		// Letters of any script may stand there: whether they can be sent is
		// for the gateway to say (RFC 6531).
		if r > 127 && !unicode.IsPrint(r) {
			return "", &InvalidError{"invisible characters before the @"}
		}
	}
	return local + "@" + ascii, nil
}
