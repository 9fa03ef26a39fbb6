package directory

import (
	"context"
	"errors"

	"github.com/postrider/postrider/internal/chat"
)

// DefaultRole is the role of users who have no other.
const DefaultRole = "default"

// CreateUser makes a user, or completes one who was only learned from events.
func (d *Directory) CreateUser(ctx context.Context, app string, u chat.User) (chat.User, error) {
	p := make(problems)
	u.UID = p.id("uid", u.UID)
	p.name(u.Name, "is required")
	p.url("avatar", u.Avatar)
	p.url("link", u.Link)
	p.role(u.Role)
	u.Metadata = p.metadata(u.Metadata)
	p.tags(u.Tags)
	if err := p.err(); err != nil {
		return u, err
	}
	if u.UID == System { // A12
		return u, uidExists(u.UID)
	}
	stored, err := d.store.CreateUser(ctx, app, &u)
	if errors.Is(err, ErrExists) {
		return u, uidExists(u.UID)
	}
	return stored, err
}

func uidExists(uid string) *chat.Error {
	return refusal(chat.CodeUIDExists, "The uid %s already exists. Please use another uid or try after permanently deleting the user.", uid)
}

// Users lists users.
func (d *Directory) Users(ctx context.Context, app string, q *UserQuery) (Listed[chat.User], error) {
	return d.store.ListUsers(ctx, app, q)
}

// Relations returns what somebody and others want to hear of each other.
func (d *Directory) Relations(ctx context.Context, app, viewer string, others []string) (map[string]Relation, error) {
	return d.store.Relations(ctx, app, viewer, others)
}

// UpdateUser changes the fields that are named.
func (d *Directory) UpdateUser(ctx context.Context, app, uid string, c UserChange) (chat.User, error) {
	p := make(problems)
	if c.Name != nil {
		p.name(*c.Name, "must have a value")
	}
	if c.Avatar != nil {
		p.url("avatar", *c.Avatar)
	}
	if c.Link != nil {
		p.url("link", *c.Link)
	}
	if c.Role != nil {
		p.role(*c.Role)
	}
	c.Metadata = p.metadata(c.Metadata)
	if c.Tags != nil {
		p.tags(*c.Tags)
	}
	p.unset(c.Unset, "avatar", "link", "metadata")
	if err := p.err(); err != nil {
		return chat.User{}, err
	}
	uid = chat.NormalizeUID(uid)
	if uid == System {
		return chat.User{}, uidNotFound(uid)
	}
	u, err := d.store.UpdateUser(ctx, app, uid, &c)
	if errors.Is(err, ErrNone) {
		return u, uidNotFound(uid)
	}
	return u, err
}

// DeleteUser forgets a user for good, active or not (A9).
func (d *Directory) DeleteUser(ctx context.Context, app, uid string) error {
	uid = chat.NormalizeUID(uid)
	users, err := d.store.UsersByID(ctx, app, []string{uid})
	if err != nil {
		return err
	}
	if _, ok := users[uid]; !ok || uid == System {
		return uidNotFound(uid)
	}
	return d.store.DeleteUser(ctx, app, uid)
}

// Toggled is what became of users of a list: those that changed, in lower
// case, those that were so already, and those that are unknown, as they were
// given.
type Toggled struct{ Changed, Already, NotFound []string }

// Deactivate makes users as good as unknown until they are reactivated.
func (d *Directory) Deactivate(ctx context.Context, app string, uids []string) (Toggled, error) {
	return d.toggle(ctx, app, uids, d.store.Deactivate)
}

// Reactivate ends what Deactivate began.
func (d *Directory) Reactivate(ctx context.Context, app string, uids []string) (Toggled, error) {
	return d.toggle(ctx, app, uids, d.store.Reactivate)
}

func (d *Directory) toggle(ctx context.Context, app string, given []string, change func(context.Context, string, []string) ([]string, error)) (Toggled, error) {
	var t Toggled
	uids := make([]string, len(given))
	for i, uid := range given {
		uids[i] = chat.NormalizeUID(uid)
	}
	known, err := d.store.UsersByID(ctx, app, uids)
	if err != nil {
		return t, err
	}
	delete(known, System)
	changed, err := change(ctx, app, uids)
	if err != nil {
		return t, err
	}
	done := make(map[string]bool, len(changed))
	for _, uid := range changed {
		done[uid] = true
	}
	seen := make(map[string]bool, len(given))
	for i, uid := range uids {
		if seen[uid] {
			continue
		}
		seen[uid] = true
		switch _, ok := known[uid]; {
		case done[uid]:
			t.Changed = append(t.Changed, uid)
		case ok:
			t.Already = append(t.Already, uid)
		default:
			t.NotFound = append(t.NotFound, given[i])
		}
	}
	return t, nil
}
