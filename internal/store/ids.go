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

// following returns the id that comes right after another (RFC 9562, section
// 6.2, method 2).
func following(last string) (string, error) {
	id, err := uuid.Parse(last)
	if err != nil {
		return "", fmt.Errorf("read id %q: %w", last, err)
	}
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id.String(), nil
}
