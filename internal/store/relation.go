package store

import (
	"fmt"
	"strconv"
	"strings"
)

// Rows that a statement takes along travel as PostgreSQL takes them best: one
// array a column, so that the statement stays the same and is one round trip
// however many rows there are. A statement of another length would be parsed
// and planned again, and cost more than what it does. SQLite knows no arrays;
// there it is a VALUES in a few fixed sizes (see chunks).

// arrays reports whether parameters may be arrays: where the driver keeps its
// statements by itself.
func (t *transaction) arrays() bool { return t.statements == nil }

// relation is rows of values of the columns' types: TEXT, BIGINT or BYTEA. On
// SQLite these columns have no affinity: in some conditions, such as IN, one has to
// be cast before an index serves.
type relation struct {
	types []string
	rows  [][]any
}

func newRelation(rows int, types ...string) *relation {
	return &relation{types, make([][]any, 0, rows)}
}

func (r *relation) add(values ...any) { r.rows = append(r.rows, values) }

// each calls run with a table to be selected from or inserted, such as
// "VALUES …", whose parameters follow those that come before. It does so once, or
// for a part of the rows at a time; not at all where there are none.
func (r *relation) each(tx *transaction, before []any, run func(table string, args []any) error) error {
	if len(r.rows) == 0 {
		return nil
	}
	if tx.arrays() {
		columns, err := r.columns()
		if err != nil {
			return err
		}
		return run(r.unnest(len(before)+1), append(before[:len(before):len(before)], columns...))
	}
	return chunks(len(r.rows), func(from, to int) error {
		args := make([]any, 0, len(before)+len(r.types)*(to-from))
		args = append(args, before...)
		for _, row := range r.rows[from:to] {
			args = append(args, row...)
		}
		return run(tx.statements.values(to-from, len(r.types), len(before)+1), args)
	})
}

// valuesShape is all that the text of a VALUES depends on.
type valuesShape struct{ rows, columns, first int }

// values returns a VALUES of parameters. Its text is kept, for as many shapes
// as statements: it is made while nobody else can write.
func (k *statements) values(rows, columns, first int) string {
	shape := valuesShape{rows, columns, first}
	k.mu.Lock()
	defer k.mu.Unlock()
	if made, ok := k.tables[shape]; ok {
		return made
	}
	made := "VALUES " + tuples(rows, columns, first)
	if len(k.tables) < maxStatements {
		if k.tables == nil {
			k.tables = make(map[valuesShape]string)
		}
		k.tables[shape] = made
	}
	return made
}

func (r *relation) unnest(first int) string {
	var b strings.Builder
	b.WriteString("SELECT * FROM unnest(")
	for i, t := range r.types {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("CAST($" + strconv.Itoa(first+i) + " AS " + t + "[])")
	}
	b.WriteByte(')')
	return b.String()
}

// columns returns the rows as one array a column.
func (r *relation) columns() ([]any, error) {
	columns := make([]any, len(r.types))
	for i, t := range r.types {
		var err error
		switch t {
		case "TEXT":
			columns[i], err = column(r.rows, i, func(v any) (s string, ok bool) { s, ok = v.(string); return s, ok })
		case "BYTEA":
			columns[i], err = column(r.rows, i, func(v any) (b []byte, ok bool) { b, ok = v.([]byte); return b, ok })
		default:
			columns[i], err = column(r.rows, i, integer)
		}
		if err != nil {
			return nil, err
		}
	}
	return columns, nil
}

func column[T any](rows [][]any, i int, of func(any) (T, bool)) ([]T, error) {
	values := make([]T, len(rows))
	for n, row := range rows {
		value, ok := of(row[i])
		if !ok {
			return nil, fmt.Errorf("column %d is %T", i+1, row[i])
		}
		values[n] = value
	}
	return values, nil
}

func integer(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	default:
		return 0, false
	}
}

// eachIn calls run with a condition that a column is one of the texts, such as
// "IN ($2,$3)", as each does.
func eachIn(tx *transaction, before []any, texts []string, run func(in string, args []any) error) error {
	if len(texts) == 0 {
		return nil
	}
	if tx.arrays() {
		return run("= ANY(CAST($"+strconv.Itoa(len(before)+1)+" AS TEXT[]))", append(before[:len(before):len(before)], texts))
	}
	return chunks(len(texts), func(from, to int) error {
		args := make([]any, 0, len(before)+to-from)
		args = append(args, before...)
		for _, t := range texts[from:to] {
			args = append(args, t)
		}
		return run("IN ("+list(to-from, len(before)+1)+")", args)
	})
}

// texts makes strings acceptable to both engines: see text.
func texts(all []string) []string {
	made := make([]string, len(all))
	for i, s := range all {
		made[i] = text(s)
	}
	return made
}
