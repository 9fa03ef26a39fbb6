package event

import (
	"github.com/postrider/postrider/internal/chat"
)

// groupEvent is an event about a group, and maybe about some of its members.
type groupEvent struct {
	group chat.Group
	some  people
	found *names
}

// group makes a reader of what reads an event about a group.
func group(change func(*groupEvent) ([]chat.Change, error)) reader {
	return func(p *parts, found *names) ([]chat.Change, error) {
		if p.Group == nil {
			return nil, missing("group")
		}
		e := groupEvent{found: found}
		var about person
		var by party
		if err := part("group", p.Group, &about); err != nil {
			return nil, err
		}
		if err := part("members", p.Members, &e.some); err != nil {
			return nil, err
		}
		e.some = e.some.once()
		if err := part("by", p.By, &by); err != nil {
			return nil, err
		}
		var err error
		if e.group, err = about.group(); err != nil {
			return nil, under("group", err)
		}
		if err := found.add(by.person); err != nil {
			return nil, under("by", err)
		}
		return change(&e)
	}
}

func created(e *groupEvent) ([]chat.Change, error) {
	members, err := e.members(chat.MemberIn)
	if err != nil {
		return nil, err
	}
	owner := chat.Member{UID: e.group.Owner, Scope: chat.ScopeAdmin, State: chat.MemberIn, JoinedAt: e.group.CreatedAt}
	for i := range members {
		if members[i].UID == e.group.Owner {
			members[i].Scope, owner.UID = chat.ScopeAdmin, ""
		}
	}
	if owner.UID != "" {
		members = append(members, owner)
	}
	return []chat.Change{chat.GroupChanged{Group: e.group, Members: members}}, nil
}

func updated(e *groupEvent) ([]chat.Change, error) {
	return []chat.Change{chat.GroupChanged{Group: e.group}}, nil
}

func gone(e *groupEvent) ([]chat.Change, error) {
	return []chat.Change{chat.GroupDeleted{GUID: e.group.GUID}}, nil
}

func transferred(e *groupEvent) ([]chat.Change, error) {
	if e.group.Owner == "" {
		return nil, missing("group.owner")
	}
	e.found.addGroup(e.group)
	return []chat.Change{chat.OwnerChanged{GUID: e.group.GUID, Owner: e.group.Owner}}, nil
}

func membership(state chat.Membership) func(*groupEvent) ([]chat.Change, error) {
	return func(e *groupEvent) ([]chat.Change, error) {
		members, err := e.required(state)
		if err != nil {
			return nil, err
		}
		return []chat.Change{chat.MembersChanged{GUID: e.group.GUID, Members: members, At: e.group.UpdatedAt}}, nil
	}
}

func unbanned(e *groupEvent) ([]chat.Change, error) {
	members, err := e.required(chat.MemberOut)
	if err != nil {
		return nil, err
	}
	uids := make([]string, len(members))
	for i := range members {
		uids[i] = members[i].UID
	}
	return []chat.Change{chat.Unbanned{GUID: e.group.GUID, UIDs: uids, At: e.group.UpdatedAt}}, nil
}

// rescoped makes a change of each member whose scope is named.
func rescoped(e *groupEvent) ([]chat.Change, error) {
	members, err := e.required(chat.MemberIn)
	if err != nil {
		return nil, err
	}
	changes := make([]chat.Change, len(members))
	for i, member := range members {
		if member.Scope == "" {
			return nil, missing("members." + member.UID + ".scope")
		}
		changes[i] = chat.ScopeChanged{GUID: e.group.GUID, UID: member.UID, Scope: member.Scope, At: e.group.UpdatedAt}
	}
	return changes, nil
}

// required is members for an event that is about members.
func (e *groupEvent) required(state chat.Membership) ([]chat.Member, error) {
	if len(e.some) == 0 {
		return nil, missing("members")
	}
	e.found.addGroup(e.group)
	return e.members(state)
}

// members returns the members that an event names, and notes them.
func (e *groupEvent) members(state chat.Membership) ([]chat.Member, error) {
	if err := e.found.addAll("members", e.some); err != nil {
		return nil, err
	}
	members := make([]chat.Member, 0, len(e.some)+1)
	for i := range e.some {
		p := &e.some[i]
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
		if state == chat.MemberBanned {
			member.BannedAt = p.BannedAt.time()
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

// blocks reads who wants to hear nothing of whom, or wants to again.
func blocks(now bool) reader {
	return func(p *parts, found *names) ([]chat.Change, error) {
		var by party
		var users people
		if err := part("by", p.By, &by); err != nil {
			return nil, err
		}
		if err := part("users", p.Users, &users); err != nil {
			return nil, err
		}
		users = users.once()
		who, err := uid("by", by.id)
		if err != nil {
			return nil, err
		}
		if err := found.add(by.person); err != nil {
			return nil, under("by", err)
		}
		if len(users) == 0 {
			return nil, missing("users")
		}
		if err := found.addAll("users", users); err != nil {
			return nil, err
		}
		uids := make([]string, len(users))
		for i := range users {
			if uids[i], err = uid("users."+clip(string(users[i].UID))+".uid", users[i].UID); err != nil {
				return nil, err
			}
		}
		return []chat.Change{chat.Blocked{By: who, UIDs: uids, Blocked: now}}, nil
	}
}
