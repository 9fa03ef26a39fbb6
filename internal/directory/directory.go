package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// Recorder stores what happened in the chat, with all that follows from it.
type Recorder interface {
	Record(ctx context.Context, app string, events []chat.Event) error
}

// Config is what a directory works with.
type Config struct {
	Store    Store
	Recorder Recorder
	Clock    func() time.Time
	// HashPassword makes of a group's password what may be kept of it.
	HashPassword func(password string) ([]byte, error)
}

// Directory is who there is in the chats of all apps. It is safe for concurrent
// use.
//
// Its methods return a [*chat.Error] for what is refused. Ids may be given in
// any case. An actor is who asks for a change; empty or [System] is the back end
// itself, which may do everything but what nobody may.
type Directory struct {
	store    Store
	recorder Recorder
	clock    func() time.Time
	hash     func(password string) ([]byte, error)
}

// New returns a directory.
func New(cfg Config) *Directory {
	return &Directory{cfg.Store, cfg.Recorder, cfg.Clock, cfg.HashPassword}
}

// record has one change recorded.
func (d *Directory) record(ctx context.Context, app, trigger string, changes ...chat.Change) error {
	events := make([]chat.Event, len(changes))
	for i, change := range changes {
		events[i] = chat.Event{Trigger: trigger, Change: change}
	}
	if err := d.recorder.Record(ctx, app, events); err != nil {
		return fmt.Errorf("record %s: %w", trigger, err)
	}
	return nil
}

// Person returns an active user, or ERR_UID_NOT_FOUND.
func (d *Directory) Person(ctx context.Context, app, uid string) (chat.User, error) {
	uid = chat.NormalizeUID(uid)
	users, err := d.store.UsersByID(ctx, app, []string{uid})
	if err != nil {
		return chat.User{}, err
	}
	u, ok := users[uid]
	if !ok || !active(&u) {
		return chat.User{}, uidNotFound(uid)
	}
	return u, nil
}

func active(u *chat.User) bool { return u.DeactivatedAt.IsZero() && u.UID != System }

// Actor returns the normalized id of who acts: empty for the back end itself.
// It is ERR_UID_NOT_FOUND for somebody unknown (A1).
func (d *Directory) Actor(ctx context.Context, app, uid string) (string, error) {
	uid = chat.NormalizeUID(uid)
	if uid == "" || uid == System {
		return "", nil
	}
	_, err := d.Person(ctx, app, uid)
	return uid, err
}

// Group returns a group as somebody sees it, or ERR_GUID_NOT_FOUND. A private
// group is not for those outside.
func (d *Directory) Group(ctx context.Context, app, guid, viewer string) (Group, error) {
	g, err := d.group(ctx, app, guid, viewer)
	if err == nil && viewer != "" && !g.Joined && g.Type == TypePrivate {
		return g, notJoined(viewer, g.GUID)
	}
	return g, err
}

func (d *Directory) group(ctx context.Context, app, guid, viewer string) (Group, error) {
	guid = chat.NormalizeUID(guid)
	g, err := d.store.GroupOf(ctx, app, guid, viewer)
	if errors.Is(err, ErrNone) {
		return g, guidNotFound(guid)
	}
	return g, err
}
