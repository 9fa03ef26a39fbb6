package directory

import (
	"github.com/postrider/postrider/internal/chat"
)

// Who may do what in a group: admins everything; moderators change the group,
// and kick, ban and rescope participants; participants nothing of this. Nobody
// acts on themselves, and the owner stays (A10). The group is seen by the
// actor; an empty actor is the back end.

// mayAdminister refuses everybody but admins.
func mayAdminister(actor string, g *Group) error {
	switch {
	case actor == "" || g.Joined && g.Scope == chat.ScopeAdmin:
		return nil
	case !g.Joined:
		return notJoined(actor, g.GUID)
	}
	return refusal(CodeNoAdminScope, "The user with uid %s is not an admin of the group with guid %s.", actor, g.GUID)
}

// mayModerate refuses everybody but admins and moderators.
func mayModerate(actor string, g *Group) error {
	switch {
	case actor == "" || g.Joined && g.Scope != chat.ScopeParticipant:
		return nil
	case !g.Joined:
		return notJoined(actor, g.GUID)
	}
	return refusal(CodeNoModeratorScope, "The user with uid %s is neither admin nor moderator of the group with guid %s.", actor, g.GUID)
}

// mayRemove says whether a member may be kicked or banned.
func mayRemove(actor string, g *Group, m *chat.Member) error {
	if err := mayModerate(actor, g); err != nil {
		return err
	}
	switch {
	case m.UID == actor:
		return noSelfAction(actor)
	case m.UID == g.Owner:
		return refusal(CodeNoClearance, "The user with uid %s owns the group with guid %s.", m.UID, g.GUID)
	case actor != "" && g.Scope == chat.ScopeModerator && m.Scope != chat.ScopeParticipant:
		return refusal(CodeNoClearance, "A moderator may not remove the %s with uid %s.", m.Scope, m.UID)
	}
	return nil
}

// mayRescope says whether a member's scope may become another.
func mayRescope(actor string, g *Group, m *chat.Member, scope chat.Scope) error {
	if err := mayModerate(actor, g); err != nil {
		return err
	}
	switch {
	case m.UID == actor:
		return noSelfAction(actor)
	case m.Scope == scope:
		return refusal(CodeSameScope, "The user with uid %s already has the scope %s.", m.UID, scope)
	case m.UID == g.Owner:
		return refusal(CodeNoClearance, "The user with uid %s owns the group with guid %s.", m.UID, g.GUID)
	case actor != "" && g.Scope == chat.ScopeModerator && (m.Scope != chat.ScopeParticipant || scope == chat.ScopeAdmin):
		return refusal(CodeNoScopeClearance, "A moderator may not make the %s with uid %s a member with the scope %s.", m.Scope, m.UID, scope)
	}
	return nil
}

func noSelfAction(actor string) *chat.Error {
	return refusal(CodeNoSelfAction, "The user with uid %s may not do this to themselves.", actor)
}
