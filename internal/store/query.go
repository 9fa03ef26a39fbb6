package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// querier is a database, a transaction or a connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// rowQuerier is a querier of single rows.
type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// query runs scan over the rows of a statement.
func query(ctx context.Context, q querier, statement string, args []any, scan func(*sql.Rows) error) (err error) {
	rows, err := q.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
