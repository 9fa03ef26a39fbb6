package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxStatements bounds what is kept parsed. The statements of the hot path are
// far fewer; those whose text is nearly always another never come again.
const maxStatements = 200

// statements keeps the parsed form of what SQLite's one writing connection
// runs again and again: parsing takes longer than running. PostgreSQL's driver
// does this by itself.
type statements struct {
	mu     sync.Mutex
	seen   map[string]bool
	kept   map[string]*parsed
	tables map[valuesShape]string
}

type parsed struct {
	positional
	*sql.Stmt
}

// find returns the parsed statement, if it is kept, and whether it should be:
// it has come before.
func (k *statements) find(text string) (kept *parsed, wanted bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if kept = k.kept[text]; kept != nil {
		return kept, false
	}
	if k.seen[text] {
		return nil, len(k.kept) < maxStatements
	}
	if len(k.seen) < 4*maxStatements {
		if k.seen == nil {
			k.seen = make(map[string]bool)
		}
		k.seen[text] = true
	}
	return nil, false
}

// keep parses statements. No transaction may be open: there is only one
// connection. What cannot be parsed now is simply not kept.
func (k *statements) keep(ctx context.Context, db *sql.DB, texts []string) {
	for _, text := range texts {
		rewritten := newPositional(text)
		prepared, err := db.PrepareContext(ctx, rewritten.text)
		if err != nil {
			return
		}
		k.mu.Lock()
		if k.kept == nil {
			k.kept = make(map[string]*parsed)
		}
		twice := k.kept[text] != nil // two transactions wanted the same one
		if !twice {
			k.kept[text] = &parsed{rewritten, prepared}
		}
		k.mu.Unlock()
		if twice {
			_ = prepared.Close() //nolint:sqlclosecheck // the others stay open for the store's life
		}
	}
}

func (k *statements) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for _, statement := range k.kept {
		errs = append(errs, statement.Close())
	}
	k.kept = nil
	return errors.Join(errs...)
}
