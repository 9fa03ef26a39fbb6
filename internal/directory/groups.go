package directory

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// Types of groups.
const (
	TypePublic   = "public"
	TypePassword = "password"
	TypePrivate  = "private"
)

// NewGroup is a group to be made.
type NewGroup struct {
	chat.Group
	Password string
	Members  Additions
}

// CreateGroup makes a group, or completes one that was only learned from
// events. Its owner is the actor, else the one who is named, else [System].
func (d *Directory) CreateGroup(ctx context.Context, app, actor string, g NewGroup) (Outcomes, error) {
	p := make(problems)
	g.GUID = p.id("guid", g.GUID)
	p.name(g.Name, "is required")
	if g.Type == "" { // K7
		g.Type = TypePublic
	}
	p.groupFields(&g.Icon, &g.Description, &g.Type, &g.Password)
	g.Metadata = p.metadata(g.Metadata)
	p.tags(g.Tags)
	g.Members.check(p, "members.")
	if err := p.err(); err != nil {
		return nil, err
	}
	hash, err := d.password(g.Type, g.Password)
	if err != nil {
		return nil, err
	}
	switch known, err := d.group(ctx, app, g.GUID, ""); {
	case err == nil && known.Made:
		return nil, guidExists(g.GUID)
	case err == nil:
	default:
		var refused *chat.Error
		if !errors.As(err, &refused) {
			return nil, err
		}
	}
	owner, err := d.firstOwner(ctx, app, actor, &g)
	if err != nil {
		return nil, err
	}
	outcomes, changes, err := d.additions(ctx, app, g.GUID, owner, owner != "", &g.Members)
	if err != nil {
		return nil, err
	}
	if owner != "" {
		changes = append([]chat.Member{{UID: owner, Scope: chat.ScopeAdmin, State: chat.MemberIn}}, changes...)
	}
	// Members first: a call that fails in between can be repeated, while a
	// group that is there could not be made again.
	if len(changes) > 0 {
		if err := d.record(ctx, app, "group_created", chat.MembersChanged{GUID: g.GUID, Members: changes}); err != nil {
			return nil, err
		}
	}
	err = d.store.CreateGroup(ctx, app, &g.Group, hash)
	if errors.Is(err, ErrExists) {
		return nil, guidExists(g.GUID)
	}
	return outcomes, err
}

// firstOwner says who owns a new group, and sets it. It returns the one who
// becomes a member by that, if anybody does.
func (d *Directory) firstOwner(ctx context.Context, app, actor string, g *NewGroup) (string, error) {
	owner, err := d.Actor(ctx, app, g.Owner)
	if actor != "" {
		owner, err = actor, nil
	}
	if err != nil {
		return "", err
	}
	if g.Owner = owner; owner == "" {
		g.Owner = System
	}
	return owner, nil
}

func guidExists(guid string) *chat.Error {
	return refusal(chat.CodeGUIDExists, "The guid %s already exists. Please use another guid.", guid)
}

func (p problems) groupFields(icon, description, kind, password *string) {
	if icon != nil {
		p.url("icon", *icon)
	}
	if description != nil {
		p.length("description", *description, maxDescription)
	}
	if kind != nil && *kind != TypePublic && *kind != TypePassword && *kind != TypePrivate {
		p.add("type", "The selected type is invalid.")
	}
	if password != nil {
		p.length("password", *password, maxPassword)
	}
}

// password returns what is kept of a new group's password.
func (d *Directory) password(kind, password string) ([]byte, error) {
	switch {
	case kind != TypePassword:
		return nil, nil
	case strings.TrimSpace(password) == "":
		return nil, emptyPassword()
	}
	return d.hash(password)
}

func emptyPassword() *chat.Error {
	return refusal(CodeEmptyGroupPass, "The password is required for a group of the type password.")
}

// Groups lists groups.
func (d *Directory) Groups(ctx context.Context, app string, q *GroupQuery) (Listed[Group], error) {
	return d.store.ListGroups(ctx, app, q)
}

// GroupEdit names the fields of a group that change; nil ones stay.
type GroupEdit struct {
	Name, Icon, Description, Type, Password, Owner *string
	Metadata                                       json.RawMessage
	Tags                                           *[]string
	Unset                                          []string
}

// UpdateGroup changes the fields that are named. Admins and moderators may; a
// new owner is named by the back end alone, and ignored from others.
func (d *Directory) UpdateGroup(ctx context.Context, app, actor, guid string, e GroupEdit) error {
	p := make(problems)
	if e.Name != nil {
		p.name(*e.Name, "must have a value")
	}
	p.groupFields(e.Icon, e.Description, e.Type, e.Password)
	e.Metadata = p.metadata(e.Metadata)
	if e.Tags != nil {
		p.tags(*e.Tags)
	}
	p.unset(e.Unset, "icon", "description", "metadata")
	if err := p.err(); err != nil {
		return err
	}
	g, err := d.group(ctx, app, guid, actor)
	if err != nil {
		return err
	}
	if err := mayModerate(actor, &g); err != nil {
		return err
	}
	c := GroupChange{
		Name: e.Name, Icon: e.Icon, Description: e.Description, Type: e.Type, Metadata: e.Metadata, Tags: e.Tags, Unset: e.Unset, By: by(actor),
	}
	if c.Password, err = d.newPassword(&g, &e); err != nil {
		return err
	}
	owner := ""
	if e.Owner != nil && actor == "" {
		if owner, err = d.Actor(ctx, app, *e.Owner); err != nil {
			return err
		}
	}
	if owner != "" && owner != g.Owner {
		if err := d.record(ctx, app, "group_owner_transferred", chat.OwnerChanged{GUID: g.GUID, Owner: owner}); err != nil {
			return err
		}
	}
	err = d.store.UpdateGroup(ctx, app, g.GUID, &c)
	if errors.Is(err, ErrNone) {
		return guidNotFound(g.GUID)
	}
	return err
}

// newPassword returns what is kept of a password that changes; nil if it stays.
// A blank one stays as it is, too.
func (d *Directory) newPassword(g *Group, e *GroupEdit) ([]byte, error) {
	kind := g.Type
	if e.Type != nil {
		kind = *e.Type
	}
	switch {
	case kind != TypePassword && g.Type == TypePassword:
		return []byte{}, nil
	case kind != TypePassword:
		return nil, nil
	case e.Password == nil && g.Type != TypePassword:
		return nil, emptyPassword()
	case e.Password == nil || *e.Password == "":
		return nil, nil
	}
	return d.hash(*e.Password)
}

// by is how the one who acts is named where it is kept.
func by(actor string) string {
	if actor == "" {
		return System
	}
	return actor
}

// DeleteGroup forgets a group. Admins may.
func (d *Directory) DeleteGroup(ctx context.Context, app, actor, guid string) (string, error) {
	g, err := d.group(ctx, app, guid, actor)
	if err != nil {
		return "", err
	}
	if err := mayAdminister(actor, &g); err != nil {
		return "", err
	}
	return g.GUID, d.record(ctx, app, "group_deleted", chat.GroupDeleted{GUID: g.GUID})
}
