package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
)

// hooks watch and disturb what goes to a database.
type hooks struct {
	mu sync.Mutex
	// statement is told of every statement before it runs.
	statement func(query string, args []driver.NamedValue)
	// commit, if set, is called instead of a transaction's Commit.
	commit func(tx driver.Tx) error
}

// set changes hooks that are in use.
func (h *hooks) set(change func(*hooks)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h)
}

func (h *hooks) tell(query string, args []driver.NamedValue) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.statement != nil {
		h.statement(query, args)
	}
}

func (h *hooks) end(tx driver.Tx) error {
	h.mu.Lock()
	commit := h.commit
	h.mu.Unlock()
	if commit != nil {
		return commit(tx)
	}
	return tx.Commit()
}

// observe puts hooks between a store that was just opened and its database.
func observe(t testing.TB, s *Store, source string) *hooks {
	t.Helper()
	h := new(hooks)
	// What goes on in the background would be seen too.
	s.stop()
	s.upkeep.Wait()
	db := sql.OpenDB(&hookedConnector{s.write.Driver(), source, h})
	if s.read != s.write {
		if err := s.read.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.write.Close(); err != nil {
		t.Fatal(err)
	}
	s.read, s.write = db, db
	return h
}

type hookedConnector struct {
	driver driver.Driver
	source string
	hooks  *hooks
}

func (c *hookedConnector) Driver() driver.Driver { return c.driver }

func (c *hookedConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.source)
	if err != nil {
		return nil, err
	}
	return &hookedConn{conn, c.hooks}, nil
}

type hookedConn struct {
	driver.Conn
	hooks *hooks
}

var errHooked = errors.New("the driver's connection lacks a method")

func (c *hookedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	queryer, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, errHooked
	}
	c.hooks.tell(query, args)
	return queryer.QueryContext(ctx, query, args)
}

func (c *hookedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	execer, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, errHooked
	}
	c.hooks.tell(query, args)
	return execer.ExecContext(ctx, query, args)
}

// CheckNamedValue implements [driver.NamedValueChecker].
func (c *hookedConn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

// Prepare implements [driver.Conn]: prepared statements are told of, too.
func (c *hookedConn) Prepare(query string) (driver.Stmt, error) {
	stmt, err := c.Conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	return &hookedStmt{stmt, query, c.hooks}, nil
}

type hookedStmt struct {
	driver.Stmt
	query string
	hooks *hooks
}

func (s *hookedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	queryer, ok := s.Stmt.(driver.StmtQueryContext)
	if !ok {
		return nil, errHooked
	}
	s.hooks.tell(s.query, args)
	return queryer.QueryContext(ctx, args)
}

func (s *hookedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	execer, ok := s.Stmt.(driver.StmtExecContext)
	if !ok {
		return nil, errHooked
	}
	s.hooks.tell(s.query, args)
	return execer.ExecContext(ctx, args)
}

func (c *hookedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	beginner, ok := c.Conn.(driver.ConnBeginTx)
	if !ok {
		return nil, errHooked
	}
	tx, err := beginner.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &hookedTx{tx, c.hooks}, nil
}

type hookedTx struct {
	driver.Tx
	hooks *hooks
}

func (t *hookedTx) Commit() error { return t.hooks.end(t.Tx) }
