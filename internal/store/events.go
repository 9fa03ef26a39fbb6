package store

import (
	"context"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
)

var _ engine.Store = (*Store)(nil)

// recordChunk is how many events of one call share a transaction at the most.
const recordChunk = 100

// transactionRows is at how many rows a transaction of events ends: a longer
// one would keep everybody else waiting.
const transactionRows = 1000

// Record implements [engine.Store]. Concurrent calls share transactions.
func (s *Store) Record(ctx context.Context, r engine.Recording) error {
	for from := 0; from < len(r.Events); from += recordChunk {
		part := r
		part.Events = r.Events[from:min(from+recordChunk, len(r.Events))]
		if _, err := s.records.do(ctx, part); err != nil {
			return fmt.Errorf("record events: %w", err)
		}
	}
	return nil
}

func (s *Store) recordBatch(ctx context.Context, recordings []engine.Recording) ([]struct{}, error) {
	for _, part := range byApp(recordings) {
		steps := arrange(part)
		for len(steps) > 0 {
			done := 0
			err := s.transaction(ctx, func(tx *transaction) (err error) {
				done, err = s.recordSteps(ctx, tx, steps)
				return err
			})
			if err != nil {
				return nil, err
			}
			steps = steps[done:]
		}
	}
	return make([]struct{}, len(recordings)), nil
}

// byApp splits recordings by app, in their order. There is one nearly always.
func byApp(recordings []engine.Recording) [][]engine.Recording {
	var parts [][]engine.Recording
	index := make(map[string]int)
	for _, r := range recordings {
		i, ok := index[r.App]
		if !ok {
			i = len(parts)
			index[r.App] = i
			parts = append(parts, nil)
		}
		parts[i] = append(parts[i], r)
	}
	return parts
}

// happened is one change with what its recording says.
type happened struct {
	*engine.Recording
	change chat.Change
}

// step is a part of the work that is done in one transaction.
type step interface {
	// run does the work and returns about how many rows it wrote.
	run(ctx context.Context, s *Store, tx *transaction) (rows int, err error)
}

// recordSteps runs steps until enough rows are written, and returns how many
// are done.
func (s *Store) recordSteps(ctx context.Context, tx *transaction, steps []step) (done int, err error) {
	rows := 0
	for i := range steps {
		if rows >= transactionRows {
			return i, nil
		}
		n, err := steps[i].run(ctx, s, tx)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	return len(steps), nil
}

// arrange orders what happened in one app into few steps. Everybody is learned
// first; messages are stored together; what happens to messages comes after
// them, whatever its place, because the two may come in any order anyway. Only
// changes of groups and blocks keep their place among the messages: they decide
// whose windows a message opens.
func arrange(recordings []engine.Recording) []step {
	var (
		learn  learning
		steps  []step
		sent   messages
		later  []step
		marked marking
	)
	learn.app = recordings[0].App
	flush := func() {
		steps = append(steps, sent.steps()...)
		sent = messages{}
	}
	for i := range recordings {
		r := &recordings[i]
		for j := range r.Events {
			e := &r.Events[j]
			learn.add(e, r.At)
			h := happened{r, e.Change}
			switch c := e.Change.(type) {
			case nil:
			case chat.MessageSent:
				learn.sender(&c.Message, r.At)
				sent = append(sent, arriving{h, c.Message})
			case chat.Read:
				marked = append(marked, reading{h, c})
			case chat.Unread:
				if len(marked) > 0 {
					later, marked = append(later, marked), nil
				}
				later = append(later, single{h})
			case chat.MessageEdited, chat.MessageDeleted, chat.Moderated:
				later = append(later, single{h})
			default:
				learn.joining(c)
				flush()
				steps = append(steps, single{h})
			}
		}
	}
	flush()
	if len(marked) > 0 {
		later = append(later, marked)
	}
	return append(append(learn.steps(), steps...), later...)
}

// single is a change of its own.
type single struct{ happened }

func (h single) run(ctx context.Context, s *Store, tx *transaction) (int, error) {
	var err error
	rows := 1
	switch c := h.change.(type) {
	case chat.MessageEdited:
		err = s.editMessage(ctx, tx, h.happened, &c.Message)
	case chat.MessageDeleted:
		err = s.deleteMessage(ctx, tx, h.happened, c)
	case chat.Moderated:
		rows, err = s.moderate(ctx, tx, h.happened, c.Message)
	case chat.Unread:
		err = s.unread(ctx, tx, h.App, c)
	case chat.GroupChanged:
		rows, err = s.changeGroup(ctx, tx, h.happened, c)
	case chat.GroupDeleted:
		rows, err = s.deleteGroupOf(ctx, tx, h.App, c.GUID)
	case chat.OwnerChanged:
		err = s.changeOwner(ctx, tx, h.happened, c)
	case chat.MembersChanged:
		rows, err = s.changeMembers(ctx, tx, h.happened, c, time.Time{})
	case chat.ScopeChanged:
		err = s.changeScope(ctx, tx, h.happened, c)
	case chat.Unbanned:
		err = s.unban(ctx, tx, h.happened, c)
	case chat.Blocked:
		err = s.block(ctx, tx, h.happened, c)
	default:
		err = fmt.Errorf("record event: %T is unknown", h.change)
	}
	return rows, err
}
