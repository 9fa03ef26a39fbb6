package directory

import (
	"context"

	"github.com/postrider/postrider/internal/chat"
)

// MaxAdditions is how many people one call adds or bans at the most (A4).
const MaxAdditions = 1000

// Additions are people to add to a group, and to ban from it.
type Additions struct{ Admins, Moderators, Participants, Banned []string }

// addition is one list of Additions: its name in the API, and what its people
// become.
type addition struct {
	name  string
	uids  []string
	scope chat.Scope // empty: banned
}

// lists returns the lists in the order in which they win: who is in several
// takes the first.
func (a *Additions) lists() []addition {
	return []addition{
		{"admins", a.Admins, chat.ScopeAdmin},
		{"moderators", a.Moderators, chat.ScopeModerator},
		{"participants", a.Participants, chat.ScopeParticipant},
		{"usersToBan", a.Banned, ""},
	}
}

func (a *Additions) check(p problems, prefix string) {
	n := 0
	last := ""
	for _, l := range a.lists() {
		if n += len(l.uids); len(l.uids) > 0 {
			last = l.name
		}
	}
	if n > MaxAdditions {
		p.add(prefix+last, "There may not be more than %d user ids in one call.", MaxAdditions)
	}
}

// Outcomes say what became of Additions: by the name of the list and the user
// id in lower case, nil or why it was refused.
type Outcomes map[string]map[string]*chat.Error

// additions finds out who can be added, and what changes by that. joining says
// that the owner becomes a member otherwise.
func (d *Directory) additions(ctx context.Context, app, guid, owner string, joining bool, a *Additions) (Outcomes, []chat.Member, error) {
	var uids []string
	for _, l := range a.lists() {
		for _, uid := range l.uids {
			uids = append(uids, chat.NormalizeUID(uid))
		}
	}
	if len(uids) == 0 {
		return nil, nil, nil
	}
	users, err := d.store.UsersByID(ctx, app, uids)
	if err != nil {
		return nil, nil, err
	}
	places, err := d.store.Memberships(ctx, app, guid, uids)
	if err != nil {
		return nil, nil, err
	}
	if joining {
		places[owner] = chat.Member{State: chat.MemberIn}
	}
	outcomes := make(Outcomes)
	var changes []chat.Member
	taken := make(map[string]bool, len(uids))
	for _, l := range a.lists() {
		for _, uid := range l.uids {
			uid = chat.NormalizeUID(uid)
			if taken[uid] {
				continue
			}
			taken[uid] = true
			if outcomes[l.name] == nil {
				outcomes[l.name] = make(map[string]*chat.Error)
			}
			u, known := users[uid]
			refused := refuseAddition(uid, guid, owner, known && active(&u), l.scope, places[uid].State)
			outcomes[l.name][uid] = refused
			switch {
			case refused != nil:
			case l.scope == "":
				changes = append(changes, chat.Member{UID: uid, State: chat.MemberBanned})
			default: // without a time: messages tell it by the clock of the chat, not by ours
				changes = append(changes, chat.Member{UID: uid, Scope: l.scope, State: chat.MemberIn})
			}
		}
	}
	return outcomes, changes, nil
}

func refuseAddition(uid, guid, owner string, known bool, scope chat.Scope, state chat.Membership) *chat.Error {
	switch {
	case !known:
		return uidNotFound(uid)
	case scope == "" && uid == owner:
		return refusal(CodeNoClearance, "The user with uid %s owns the group with guid %s.", uid, guid)
	case scope == "" && state == chat.MemberBanned:
		return alreadyBanned(uid, guid)
	case scope == "":
		return nil
	case state == chat.MemberIn:
		return refusal(CodeAlreadyJoined, "The user with uid %s has already joined the group with guid %s.", uid, guid)
	case state == chat.MemberBanned:
		return refusal(CodeBannedMember, "The user with uid %s is banned from the group with guid %s.", uid, guid)
	}
	return nil
}

// AddMembers adds people to a group and bans others. Admins may. What cannot
// be done for one does not keep the others.
func (d *Directory) AddMembers(ctx context.Context, app, actor, guid string, a Additions) (Outcomes, error) {
	p := make(problems)
	a.check(p, "")
	if err := p.err(); err != nil {
		return nil, err
	}
	g, err := d.group(ctx, app, guid, actor)
	if err != nil {
		return nil, err
	}
	if err := mayAdminister(actor, &g); err != nil {
		return nil, err
	}
	outcomes, changes, err := d.additions(ctx, app, g.GUID, g.Owner, false, &a)
	if err != nil || len(changes) == 0 {
		return outcomes, err
	}
	return outcomes, d.record(ctx, app, "group_member_added", chat.MembersChanged{GUID: g.GUID, Members: changes})
}

// Members lists a group's members, or those who are banned from it.
func (d *Directory) Members(ctx context.Context, app, guid string, q *MemberQuery) (Listed[Member], error) {
	g, err := d.group(ctx, app, guid, "")
	if err != nil {
		return Listed[Member]{}, err
	}
	return d.store.ListMembers(ctx, app, g.GUID, q)
}

// place returns a group as the actor sees it and somebody's place in it, of
// whatever state. Who has none is refused, by what is known of them.
func (d *Directory) place(ctx context.Context, app, actor, guid, uid string) (Group, chat.Member, error) {
	g, err := d.group(ctx, app, guid, actor)
	if err != nil {
		return g, chat.Member{}, err
	}
	uid = chat.NormalizeUID(uid)
	places, err := d.store.Memberships(ctx, app, g.GUID, []string{uid})
	if err != nil {
		return g, chat.Member{}, err
	}
	m, ok := places[uid]
	if !ok {
		if _, err := d.Person(ctx, app, uid); err != nil {
			return g, m, err
		}
		m = chat.Member{UID: uid, State: chat.MemberOut}
	}
	return g, m, nil
}

// ChangeScope changes what a member may do.
func (d *Directory) ChangeScope(ctx context.Context, app, actor, guid, uid string, scope chat.Scope) (Group, chat.Member, error) {
	switch scope {
	case "":
		scope = chat.ScopeParticipant
	case chat.ScopeAdmin, chat.ScopeModerator, chat.ScopeParticipant:
	default:
		return Group{}, chat.Member{}, chat.BadRequest("scope", "The selected scope is invalid.")
	}
	g, m, err := d.place(ctx, app, actor, guid, uid)
	if err != nil {
		return g, m, err
	}
	if m.State != chat.MemberIn {
		return g, m, notAMember(m.UID, g.GUID)
	}
	if err := mayRescope(actor, &g, &m, scope); err != nil {
		return g, m, err
	}
	m.Scope = scope
	return g, m, d.record(ctx, app, "group_member_scope_changed", chat.ScopeChanged{GUID: g.GUID, UID: m.UID, Scope: scope})
}

// Kick ends a membership.
func (d *Directory) Kick(ctx context.Context, app, actor, guid, uid string) (Group, chat.Member, error) {
	return d.remove(ctx, app, actor, guid, uid, chat.Member{State: chat.MemberOut}, "group_member_kicked")
}

// Ban ends a membership until [Directory.Unban].
func (d *Directory) Ban(ctx context.Context, app, actor, guid, uid string) (Group, chat.Member, error) {
	return d.remove(ctx, app, actor, guid, uid, chat.Member{State: chat.MemberBanned}, "group_member_banned")
}

func (d *Directory) remove(ctx context.Context, app, actor, guid, uid string, to chat.Member, trigger string) (Group, chat.Member, error) {
	g, m, err := d.place(ctx, app, actor, guid, uid)
	if err != nil {
		return g, m, err
	}
	switch {
	case m.State == chat.MemberBanned && to.State == chat.MemberBanned:
		return g, m, alreadyBanned(m.UID, g.GUID)
	case m.State != chat.MemberIn:
		return g, m, notAMember(m.UID, g.GUID)
	}
	if err := mayRemove(actor, &g, &m); err != nil {
		return g, m, err
	}
	to.UID = m.UID
	return g, m, d.record(ctx, app, trigger, chat.MembersChanged{GUID: g.GUID, Members: []chat.Member{to}})
}

// Unban lets somebody join again. It does not make them a member.
func (d *Directory) Unban(ctx context.Context, app, actor, guid, uid string) (Group, chat.Member, error) {
	g, m, err := d.place(ctx, app, actor, guid, uid)
	if err != nil {
		return g, m, err
	}
	if m.State != chat.MemberBanned {
		return g, m, refusal(CodeNotBanned, "The user with uid %s is not banned from the group with guid %s.", m.UID, g.GUID)
	}
	if err := mayModerate(actor, &g); err != nil {
		return g, m, err
	}
	return g, m, d.record(ctx, app, "group_member_unbanned", chat.Unbanned{GUID: g.GUID, UIDs: []string{m.UID}})
}
