package store

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// idSlack is how far the time in an id may be from the delivery's: both are
// taken while one request is served.
const idSlack = time.Minute

// newID returns a version 7 UUID (RFC 9562) of a moment.
func newID(t time.Time) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make delivery id: %w", err)
	}
	stamp(&id, t)
	return id.String(), nil
}

// firstID returns what sorts before all version 7 UUIDs of a moment, and after
// those of every earlier one.
func firstID(t time.Time) string {
	var id uuid.UUID
	stamp(&id, t)
	return id.String()
}

// stamp writes the time into the first 48 bits of an id.
func stamp(id *uuid.UUID, t time.Time) {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(t.UnixMilli(), 0)))
	copy(id[:6], ms[2:])
}
