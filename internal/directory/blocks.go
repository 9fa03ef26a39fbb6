package directory

import (
	"context"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// BlockOutcome says what became of blocking or unblocking one user. Already
// says that it was so before.
type BlockOutcome struct {
	Already bool
	Refused *chat.Error
}

// Block makes somebody hear nothing of others any more, nor they of them, or
// hear again. Outcomes are by user id in lower case.
func (d *Directory) Block(ctx context.Context, app, uid string, others []string, blocked bool) (map[string]BlockOutcome, error) {
	p := make(problems)
	if len(others) == 0 {
		p.add("blockedUids", "The blockedUids field is required.")
	}
	for i, other := range others {
		if strings.TrimSpace(other) == "" {
			field := "blockedUids." + strconv.Itoa(i)
			p.add(field, "The %s field is required.", field)
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	me, err := d.Person(ctx, app, uid)
	if err != nil {
		return nil, err
	}
	uids := make([]string, len(others))
	for i, other := range others {
		uids[i] = chat.NormalizeUID(other)
	}
	users, err := d.store.UsersByID(ctx, app, uids)
	if err != nil {
		return nil, err
	}
	relations, err := d.store.Relations(ctx, app, me.UID, uids)
	if err != nil {
		return nil, err
	}
	outcomes := make(map[string]BlockOutcome, len(uids))
	var changed []string
	for _, other := range uids {
		if _, done := outcomes[other]; done {
			continue
		}
		u, known := users[other]
		before := !relations[other].BlockedByMe.IsZero()
		switch {
		case other == me.UID:
			outcomes[other] = BlockOutcome{Refused: refusal(CodeCannotBlockSelf, "The user with uid %s cannot block or unblock themselves.", other)}
		case before == blocked:
			outcomes[other] = BlockOutcome{Already: true}
			if !known || !active(&u) {
				outcomes[other] = BlockOutcome{Refused: uidNotFound(other)}
			}
		case blocked && (!known || !active(&u)):
			outcomes[other] = BlockOutcome{Refused: uidNotFound(other)}
		default:
			outcomes[other] = BlockOutcome{}
			changed = append(changed, other)
		}
	}
	if len(changed) == 0 {
		return outcomes, nil
	}
	trigger := "user_blocked"
	if !blocked {
		trigger = "user_unblocked"
	}
	return outcomes, d.record(ctx, app, trigger, chat.Blocked{By: me.UID, UIDs: changed, Blocked: blocked})
}

// BlockedBy lists those whom somebody has blocked.
func (d *Directory) BlockedBy(ctx context.Context, app, uid string, page Page) (string, Listed[Blocked], error) {
	me, err := d.Person(ctx, app, uid)
	if err != nil {
		return "", Listed[Blocked]{}, err
	}
	listed, err := d.store.ListBlocked(ctx, app, me.UID, page)
	return me.UID, listed, err
}
