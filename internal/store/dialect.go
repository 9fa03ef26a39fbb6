package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is what differs between the two engines.
type dialect struct {
	name string
	// skipLocked makes a SELECT lock its rows and pass over those that
	// another process has locked.
	skipLocked string
	// lockRows locks the deliveries of an array of ids; empty where there is
	// one writer.
	lockRows string
	// leaseClock is the current time in milliseconds by which leases are
	// counted. $1 is the time of this process. PostgreSQL uses the database's
	// clock instead, so that processes whose clocks differ agree on who holds
	// a claim (the parameter must appear all the same).
	leaseClock string
	// keepStatements: parsed statements are kept by us, see statement.go.
	keepStatements bool
	// putters is how many transactions may store new deliveries at one time.
	putters int
	// indexedBy follows the name of a table that must be read by an index, whose
	// name is put in. Without statistics SQLite takes an app for a handful of
	// rows, and would rather read all of them.
	indexedBy string
	// eachTag is a table "tag" with a column "value", of the tags in the column
	// whose name is put in.
	eachTag string
	// smaller and larger are the two people of the one-on-one conversation
	// whose id is c.id.
	smaller, larger string
	// mails is how mails are found by their words.
	mails *mailIndex
	// again reports whether a transaction that failed with err may succeed
	// when it is simply run again.
	again func(err error) bool
}

func sqliteDialect() *dialect {
	return &dialect{
		name:       "sqlite",
		leaseClock: "CAST($1 AS BIGINT)",
		putters:    1,
		indexedBy:  " INDEXED BY %s",
		eachTag:    "json_each(NULLIF(CAST(%s AS TEXT), '')) AS tag",
		smaller:    "substr(c.id, 3, instr(c.id, char(31)) - 3)",
		larger:     "substr(c.id, instr(c.id, char(31)) + 1)",

		keepStatements: true,

		mails: ftsIndex(),
		again: func(err error) bool {
			var e *sqlite.Error
			return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
		},
	}
}

func postgresDialect() *dialect {
	return &dialect{
		name:       "postgres",
		skipLocked: " FOR UPDATE SKIP LOCKED",
		lockRows:   "SELECT id FROM deliveries WHERE id = ANY($1) ORDER BY id FOR UPDATE",
		leaseClock: "(CAST($1 AS BIGINT) * 0 + CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT))",
		putters:    4,
		eachTag:    "json_array_elements_text(convert_from(NULLIF(%s, ''), 'UTF8')::json) AS tag(value)",
		// Of an id without a separator the length would be negative: CASE is
		// asked first.
		smaller: "CASE WHEN strpos(c.id, chr(31)) > 3 THEN substr(c.id, 3, strpos(c.id, chr(31)) - 3) ELSE '' END",
		larger:  "substr(c.id, strpos(c.id, chr(31)) + 1)",
		mails:   vectorIndex(),
		again: func(err error) bool {
			var e *pgconn.PgError
			// serialization_failure, deadlock_detected
			return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
		},
	}
}

// soleWriter reports whether only one can write at a time, so that rows need no
// locks and writers wait for their turn.
func (d *dialect) soleWriter() bool { return d.skipLocked == "" }

// by returns what makes a table be read by an index.
func (d *dialect) by(index string) string {
	if d.indexedBy == "" {
		return ""
	}
	return fmt.Sprintf(d.indexedBy, index)
}

// skipLockedOf is skipLocked for one table of several.
func (d *dialect) skipLockedOf(table string) string {
	if d.soleWriter() {
		return ""
	}
	return " FOR UPDATE OF " + table + " SKIP LOCKED"
}

// unindexed is a column by which no index is to be looked for.
func (d *dialect) unindexed(column string) string {
	if d.indexedBy == "" {
		return column
	}
	return "+" + column
}

// retry runs a transaction again while it fails for reasons that pass.
func (d *dialect) retry(ctx context.Context, run func() error) error {
	const attempts = 8
	pause := 2 * time.Millisecond
	for i := 1; ; i++ {
		err := run()
		if err == nil || i == attempts || !d.again(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause *= 2
	}
}
