package event

import (
	"encoding/json"

	"github.com/postrider/postrider/internal/chat"
)

// groupEvent is the data of events about a group and its members.
type groupEvent struct {
	Group   *person `json:"group"`
	Members people  `json:"members"`
	By      party   `json:"by"`
}

// groupChange returns what reads a group's trigger, or nil.
func groupChange(trigger string) func(json.RawMessage, *names) ([]chat.Change, error) {
	of := func(change func(*groupEvent, chat.Group, *names) ([]chat.Change, error)) func(json.RawMessage, *names) ([]chat.Change, error) {
		return func(data json.RawMessage, found *names) ([]chat.Change, error) {
			e, group, err := openGroup(data)
			if err != nil {
				return nil, err
			}
			if err := found.add(e.By.person); err != nil {
				return nil, under("by", err)
			}
			return change(e, group, found)
		}
	}
	switch trigger {
	case "group_created":
		return of(created)
	case "group_updated":
		return of(updated)
	case "group_deleted":
		return of(gone)
	case "group_owner_transferred":
		return of(transferred)
	case "group_member_added", "group_member_joined":
		return of(membership(chat.MemberIn))
	case "group_member_left", "group_member_kicked":
		return of(membership(chat.MemberOut))
	case "group_member_banned":
		return of(membership(chat.MemberBanned))
	case "group_member_unbanned":
		return of(unbanned)
	case "group_member_scope_changed":
		return of(rescoped)
	}
	return nil
}

func openGroup(data json.RawMessage) (*groupEvent, chat.Group, error) {
	if data == nil {
		return nil, chat.Group{}, missing("")
	}
	var e groupEvent
	if err := unmarshal(data, &e); err != nil {
		return nil, chat.Group{}, err
	}
	if e.Group == nil {
		return nil, chat.Group{}, missing("group")
	}
	group, err := e.Group.group()
	return &e, group, under("group", err)
}

func created(e *groupEvent, group chat.Group, found *names) ([]chat.Change, error) {
	members, err := e.members(group, chat.MemberIn, found)
	if err != nil {
		return nil, err
	}
	owner := chat.Member{UID: group.Owner, Scope: chat.ScopeAdmin, State: chat.MemberIn, JoinedAt: group.CreatedAt}
	for i := range members {
		if members[i].UID == group.Owner {
			members[i].Scope, owner.UID = chat.ScopeAdmin, ""
		}
	}
	if owner.UID != "" {
		members = append(members, owner)
	}
	return []chat.Change{chat.GroupChanged{Group: group, Members: members}}, nil
}

func updated(_ *groupEvent, group chat.Group, _ *names) ([]chat.Change, error) {
	return []chat.Change{chat.GroupChanged{Group: group}}, nil
}

func gone(_ *groupEvent, group chat.Group, _ *names) ([]chat.Change, error) {
	return []chat.Change{chat.GroupDeleted{GUID: group.GUID}}, nil
}

func transferred(_ *groupEvent, group chat.Group, found *names) ([]chat.Change, error) {
	if group.Owner == "" {
		return nil, missing("group.owner")
	}
	found.addGroup(group)
	return []chat.Change{chat.OwnerChanged{GUID: group.GUID, Owner: group.Owner}}, nil
}

func membership(state chat.Membership) func(*groupEvent, chat.Group, *names) ([]chat.Change, error) {
	return func(e *groupEvent, group chat.Group, found *names) ([]chat.Change, error) {
		members, err := e.some(group, state, found)
		if err != nil {
			return nil, err
		}
		return []chat.Change{chat.MembersChanged{GUID: group.GUID, Members: members, At: group.UpdatedAt}}, nil
	}
}

func unbanned(e *groupEvent, group chat.Group, found *names) ([]chat.Change, error) {
	members, err := e.some(group, chat.MemberOut, found)
	if err != nil {
		return nil, err
	}
	uids := make([]string, len(members))
	for i := range members {
		uids[i] = members[i].UID
	}
	return []chat.Change{chat.Unbanned{GUID: group.GUID, UIDs: uids, At: group.UpdatedAt}}, nil
}

// rescoped makes a change of each member whose scope is named.
func rescoped(e *groupEvent, group chat.Group, found *names) ([]chat.Change, error) {
	members, err := e.some(group, chat.MemberIn, found)
	if err != nil {
		return nil, err
	}
	changes := make([]chat.Change, len(members))
	for i, member := range members {
		if member.Scope == "" {
			return nil, missing("members." + member.UID + ".scope")
		}
		changes[i] = chat.ScopeChanged{GUID: group.GUID, UID: member.UID, Scope: member.Scope, At: group.UpdatedAt}
	}
	return changes, nil
}

// some returns the members that an event is about, and notes them and their
// group.
func (e *groupEvent) some(group chat.Group, state chat.Membership, found *names) ([]chat.Member, error) {
	if len(e.Members) == 0 {
		return nil, missing("members")
	}
	found.addGroup(group)
	return e.members(group, state, found)
}

// members returns the members that an event names, and notes them.
func (e *groupEvent) members(group chat.Group, state chat.Membership, found *names) ([]chat.Member, error) {
	if err := found.addAll("members", e.Members); err != nil {
		return nil, err
	}
	members := make([]chat.Member, 0, len(e.Members)+1)
	for i := range e.Members {
		p := &e.Members[i]
		path := "members." + clip(string(p.UID))
		uid, err := uid("uid", p.UID)
		if err != nil {
			return nil, under(path, err)
		}
		scope, err := scopeOf(p.Scope)
		if err != nil {
			return nil, under(path, err)
		}
		member := chat.Member{UID: uid, Scope: scope, State: state, JoinedAt: p.JoinedAt.time()}
		switch {
		case state == chat.MemberIn && member.JoinedAt.IsZero():
			member.JoinedAt = group.UpdatedAt
		case state == chat.MemberBanned:
			if member.BannedAt = p.BannedAt.time(); member.BannedAt.IsZero() {
				member.BannedAt = group.UpdatedAt
			}
		}
		members = append(members, member)
	}
	return members, nil
}

func scopeOf(s string) (chat.Scope, error) {
	switch scope := chat.Scope(s); scope {
	case "", chat.ScopeAdmin, chat.ScopeModerator, chat.ScopeParticipant:
		return scope, nil
	default:
		return "", refusal("scope", `must be "admin", "moderator" or "participant"`)
	}
}

// blockEvent is the data of events about who wants to hear nothing of whom.
type blockEvent struct {
	Users people `json:"users"`
	By    party  `json:"by"`
}

func blocked(data json.RawMessage, now bool, found *names) ([]chat.Change, error) {
	if data == nil {
		return nil, missing("")
	}
	var e blockEvent
	if err := unmarshal(data, &e); err != nil {
		return nil, err
	}
	by, err := uid("by", e.By.id)
	if err != nil {
		return nil, err
	}
	if err := found.add(e.By.person); err != nil {
		return nil, under("by", err)
	}
	if err := found.addAll("users", e.Users); err != nil {
		return nil, err
	}
	if len(e.Users) == 0 {
		return nil, missing("users")
	}
	uids := make([]string, len(e.Users))
	for i := range e.Users {
		if uids[i], err = uid("users."+clip(string(e.Users[i].UID))+".uid", e.Users[i].UID); err != nil {
			return nil, err
		}
	}
	return []chat.Change{chat.Blocked{By: by, UIDs: uids, Blocked: now}}, nil
}
