package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/postrider/postrider/internal/chat"
)

// waitingForSchedule is a condition for windows that wait for somebody's hours.
const waitingForSchedule = "waits_for = '" + string(chat.ReasonWaitingForSchedule) + "'"

// mentionsSooner makes windows that wait for the hours of those whom messages
// mention due as if they had opened with the mention, which may lift the schedule
// (F075, F076). A window that is being decided is left alone: that waits for the
// conversation, and sees the message.
func (s *Store) mentionsSooner(ctx context.Context, tx *transaction, m messages) error {
	for i := range m {
		a := &m[i]
		if !a.MentionsAll && len(a.Mentions) == 0 {
			continue
		}
		before := []any{text(a.App), text(string(a.Conversation)), text(a.Sender), millis(a.At), a.Wait.Milliseconds(), a.ownSpeed()}
		sooner := func(who string, args []any) error {
			_, err := tx.ExecContext(ctx, `UPDATE windows SET due_at = s.due FROM (
				SELECT w.uid AS person, CAST($4 AS BIGINT) + `+waitOf("$5", "$6")+` AS due
				FROM windows w LEFT JOIN preferences p ON p.app = w.app AND p.uid = w.uid
				WHERE w.app = $1 AND w.conversation = $2 AND w.uid <> $3 AND w.`+waitingForSchedule+who+s.dialect.skipLockedOf("w")+`) AS s
				WHERE windows.app = $1 AND windows.conversation = $2 AND windows.uid = s.person AND windows.due_at > s.due`, args...)
			return err
		}
		var err error
		if a.MentionsAll {
			err = sooner("", before)
		} else {
			err = eachIn(tx, before, texts(slices.Compact(slices.Sorted(slices.Values(a.Mentions)))), func(in string, args []any) error {
				return sooner(" AND w.uid "+in, args)
			})
		}
		if err != nil {
			return fmt.Errorf("look at windows of who is mentioned: %w", err)
		}
	}
	return nil
}

// lookAgain makes somebody's windows that wait for their hours due, because these
// have changed.
func (s *Store) lookAgain(ctx context.Context, tx *transaction, app, uid string) error {
	_, err := tx.ExecContext(ctx, `UPDATE windows`+s.dialect.by("windows_waiting")+` SET due_at = $3
		WHERE app = $1 AND uid = $2 AND `+waitingForSchedule+` AND due_at > $3`,
		text(app), text(uid), millis(s.clock()))
	if err != nil {
		return fmt.Errorf("look at windows again: %w", err)
	}
	return nil
}
