package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxStatements bounds what is kept parsed. The statements of the hot path are
// far fewer; those whose text is nearly always another never come again.
const maxStatements = 64

// statements keeps the parsed form of what SQLite's one writing connection
// runs again and again: parsing takes longer than running. PostgreSQL's driver
// does this by itself.
type statements struct {
	mu   sync.Mutex
	seen map[string]bool
	kept map[string]*sql.Stmt
}

// find returns the parsed statement, if it is kept, and whether it should be:
// it has come before.
func (k *statements) find(text string) (kept *sql.Stmt, wanted bool) {
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
		prepared, err := db.PrepareContext(ctx, text)
		if err != nil {
			return
		}
		k.mu.Lock()
		if k.kept == nil {
			k.kept = make(map[string]*sql.Stmt)
		}
		twice := k.kept[text] != nil // two transactions wanted the same one
		if !twice {
			k.kept[text] = prepared
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

// transaction is a *sql.Tx that uses kept statements.
type transaction struct {
	*sql.Tx
	statements *statements // nil: the driver keeps its own
	wanted     []string
}

// QueryContext runs a statement that returns rows.
func (t *transaction) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if kept := t.kept(ctx, text); kept != nil { //nolint:sqlclosecheck // ends with the transaction
		return kept.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, text, args...)
}

// ExecContext runs a statement that returns none.
func (t *transaction) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if kept := t.kept(ctx, text); kept != nil { //nolint:sqlclosecheck // ends with the transaction
		return kept.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, text, args...)
}

func (t *transaction) kept(ctx context.Context, text string) *sql.Stmt {
	if t.statements == nil {
		return nil
	}
	kept, wanted := t.statements.find(text)
	if wanted {
		t.wanted = append(t.wanted, text)
	}
	if kept == nil {
		return nil
	}
	return t.StmtContext(ctx, kept)
}
