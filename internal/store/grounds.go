package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
)

// grounds tells whether what decisions about windows rest on may have changed:
// windows, conversations, and what counts in quotas. A decision that is written
// by SQLite's one writer need not look at all of it again when no transaction
// since it was read has said, or left open, that it changes any.
//
// Transactions of other processes are noticed by the data version of the
// writer's connection, which any of them changes; a new connection, which counts
// anew, is taken for a change.
type grounds struct {
	state   atomic.Int64
	version atomic.Int64 // of the data; only the writer has it
}

// now returns a number that changes whenever the grounds do. It is taken before
// they are read.
func (g *grounds) now() int64 { return g.state.Load() }

// change is called when they may have been changed, and again when the
// transaction that did so has ended, before the next one begins.
func (g *grounds) change() { g.state.Add(1) }

// connected is called when the writer gets another connection.
func (g *grounds) connected() {
	g.version.Store(-1)
	g.change()
}

// same reports whether the grounds are as they were when now returned since.
// It is asked within a transaction of the writer, in which they cannot change.
func (g *grounds) same(ctx context.Context, tx *transaction, since int64) (bool, error) {
	var version int64
	err := query(ctx, tx, `PRAGMA data_version`, nil, func(rows *sql.Rows) error { return rows.Scan(&version) })
	if err != nil {
		return false, fmt.Errorf("read data version: %w", err)
	}
	if g.version.Swap(version) != version {
		g.change()
	}
	return g.state.Load() == since, nil
}

// aside says that what runs in the transaction changes no ground of a decision,
// but for windows and quotas of people whom it holds itself (see deciding), and
// quotas that are given back: to have counted too much loses nothing.
func (t *transaction) aside() { t.untouched = true }
