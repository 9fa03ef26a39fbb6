package store

import (
	"context"
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Rows come to the database as they are, in their order, however many they
// are.
func TestRelation(t *testing.T) {
	for _, e := range testEngines() {
		t.Run(e.name, func(t *testing.T) {
			s, _ := e.open(t)
			for _, n := range []int{0, 1, 3, 16, 37, 1000} {
				type row struct {
					Before, Text string
					Number       int64
					Bytes        string
				}
				var want, got []row
				r := newRelation(n, "TEXT", "BIGINT", "BYTEA")
				for i := range n {
					number := int64(i) << 40
					text := string(rune('a'+i%26)) + `,"{}\`
					r.add(text, number, []byte{0, byte(i), 0xff})
					want = append(want, row{"before", text, number, string([]byte{0, byte(i), 0xff})})
				}
				err := s.transaction(t.Context(), func(tx *transaction) error {
					got = nil
					return r.each(tx, []any{"before"}, func(table string, args []any) error {
						return query(t.Context(), tx, `WITH x (a, b, c) AS (`+table+`) SELECT CAST($1 AS TEXT), a, b, c FROM x`, args, func(rows *sql.Rows) error {
							var found row
							var bytes []byte
							if err := rows.Scan(&found.Before, &found.Text, &found.Number, &bytes); err != nil {
								return err
							}
							found.Bytes = string(bytes)
							got = append(got, found)
							return nil
						})
					})
				})
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("%d rows: %v\n%s", n, err, diff)
				}
			}
		})
	}
}

// A value of another type than its column's is our fault, and is said.
func TestRelationNamesWrongTypes(t *testing.T) {
	r := newRelation(1, "TEXT", "BIGINT")
	r.add("a", "b")
	run := func(string, []any) error { t.Error("it was run"); return nil }
	if err := r.each(&transaction{}, nil, run); err == nil || err.Error() != "column 2 is string" {
		t.Errorf("got %v", err)
	}
}

func TestEachIn(t *testing.T) {
	for _, e := range testEngines() {
		t.Run(e.name, func(t *testing.T) {
			s, _ := e.open(t)
			count := func(ctx context.Context, ids []string) (n int, err error) {
				err = s.transaction(ctx, func(tx *transaction) error {
					n = 0
					return eachIn(tx, []any{"b"}, ids, func(in string, args []any) error {
						var found int
						err := query(ctx, tx, `SELECT COUNT(*) FROM (SELECT 'a' AS x UNION ALL SELECT 'b' UNION ALL SELECT 'c') AS t WHERE x <> $1 AND x `+in, args,
							func(rows *sql.Rows) error { return rows.Scan(&found) })
						n += found
						return err
					})
				})
				return n, err
			}
			for _, tt := range []struct {
				ids  []string
				want int
			}{{nil, 0}, {[]string{"a"}, 1}, {[]string{"a", "b", "c", "d", "e"}, 2}} {
				if n, err := count(t.Context(), tt.ids); err != nil || n != tt.want {
					t.Errorf("%v: found %d (%v), want %d", tt.ids, n, err, tt.want)
				}
			}
		})
	}
}
