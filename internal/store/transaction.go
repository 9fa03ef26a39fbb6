package store

import (
	"context"
	"database/sql"
	"fmt"
)

// transaction is a *sql.Tx that uses kept statements.
type transaction struct {
	*sql.Tx
	statements *statements // nil: the driver keeps its own
	wanted     []string
	// untouched says that what runs leaves the grounds of decisions as they are:
	// see aside.
	untouched bool
}

// transaction runs fn in one transaction, again when that may help. Somebody
// waits for the answer.
func (s *Store) transaction(ctx context.Context, fn func(*transaction) error) error {
	return s.transact(ctx, foreground, fn)
}

// inBackground is transaction where nobody waits.
func (s *Store) inBackground(ctx context.Context, fn func(*transaction) error) error {
	return s.transact(ctx, background, fn)
}

func (s *Store) transact(ctx context.Context, kind int, fn func(*transaction) error) error {
	return s.dialect.retry(ctx, func() error {
		if s.dialect.soleWriter() {
			return s.inTurn(ctx, newWriter(kind, fn))
		}
		return s.once(ctx, fn)
	})
}

// inTurn writes when it is the writer's turn, in one transaction with another
// where that may be. If either of the two cannot be written, neither is, and
// each goes its own way.
func (s *Store) inTurn(ctx context.Context, w *writer) error {
	if err := s.turns.take(ctx, w); err != nil {
		return fmt.Errorf("wait to write: %w", err)
	}
	if w.done {
		return nil
	}
	if w.along {
		again := newWriter(w.kind, w.write)
		again.alone = true
		return s.inTurn(ctx, again)
	}
	defer s.turns.give()
	if other := s.turns.companion(w); other != nil {
		err := s.once(ctx, w.write, other.write)
		s.turns.dismiss(other, err == nil)
		if err == nil {
			return nil
		}
	}
	return s.once(ctx, w.write)
}

// once runs functions in one transaction.
func (s *Store) once(ctx context.Context, fns ...func(*transaction) error) error {
	begun, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx := &transaction{Tx: begun}
	if s.dialect.keepStatements {
		tx.statements = &s.statements
		defer func() { s.statements.keep(ctx, s.write, tx.wanted) }()
	}
	for _, fn := range fns {
		tx.untouched = false
		err := fn(tx)
		if !tx.untouched {
			// For what comes along in the same transaction, and for what reads
			// before its end, however it ends.
			s.grounds.change()
			defer s.grounds.change()
		}
		if err != nil {
			// After a failed COMMIT or a lost connection there is nothing to
			// roll back; the first error is the one that explains.
			_ = tx.Rollback()
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.written.Add(1)
	return nil
}

// reading runs fn, which only reads, on the database as it is at one moment.
func (s *Store) reading(ctx context.Context, fn func(*transaction) error) error {
	if s.dialect.soleWriter() {
		return s.snapshot(ctx, fn)
	}
	return s.inBackground(ctx, fn)
}

// snapshot runs fn, which only reads, on the database as it is at one moment,
// beside whoever writes. Only on SQLite.
func (s *Store) snapshot(ctx context.Context, fn func(*transaction) error) error {
	begun, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	tx := &transaction{Tx: begun, statements: &s.readStatements}
	defer func() { s.readStatements.keep(ctx, s.read, tx.wanted) }()
	err = fn(tx)
	_ = begun.Rollback() // it has changed nothing
	return err
}

// QueryContext runs a statement that returns rows.
func (t *transaction) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if kept := t.kept(text); kept != nil {
		ctx = context.WithoutCancel(ctx)
		return t.StmtContext(ctx, kept.Stmt).QueryContext(ctx, kept.args(args)...) //nolint:sqlclosecheck // ends with the transaction
	}
	return t.Tx.QueryContext(ctx, text, args...)
}

// ExecContext runs a statement that returns none.
func (t *transaction) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if kept := t.kept(text); kept != nil {
		ctx = context.WithoutCancel(ctx)
		return t.StmtContext(ctx, kept.Stmt).ExecContext(ctx, kept.args(args)...) //nolint:sqlclosecheck // ends with the transaction
	}
	return t.Tx.ExecContext(ctx, text, args...)
}

// kept returns the parsed form of a statement, if there is one. It runs without
// the end of a context: that would interrupt SQLite in the middle, which then
// rolls the whole transaction back, and to watch for it takes a goroutine each
// time.
func (t *transaction) kept(text string) *parsed {
	if t.statements == nil {
		return nil
	}
	kept, wanted := t.statements.find(text)
	if wanted {
		t.wanted = append(t.wanted, text)
	}
	return kept
}
