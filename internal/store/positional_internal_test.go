package store

import (
	"fmt"
	"slices"
	"testing"
)

func TestPositional(t *testing.T) {
	for _, c := range []struct {
		text, want string
		args, then []any
	}{
		{"SELECT 1", "SELECT 1", nil, nil},
		{"$2, $1", "?, ?", []any{"a", "b"}, []any{"b", "a"}},
		{"a = $1 OR b = $1", "a = ? OR b = ?", []any{"a"}, []any{"a", "a"}},
		{"$1, $3, $2", "?, ?, ?", []any{"a", "b"}, []any{"a"}},
		{"($10,$1)", "(?,?)", []any{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, []any{10, 1}},
		{"json_each(x, '$.tags') = $1", "json_each(x, '$.tags') = ?", []any{"a"}, []any{"a"}},
	} {
		p := newPositional(c.text)
		if got := p.args(c.args); p.text != c.want || !slices.Equal(got, c.then) {
			t.Errorf("%q became %q with %v, want %q with %v", c.text, p.text, got, c.want, c.then)
		}
	}
}

func FuzzPositional(f *testing.F) {
	f.Add("SELECT $1, '$x', $02 $")
	f.Fuzz(func(t *testing.T, text string) {
		p := newPositional(text)
		if len(p.args([]any{1})) > len(p.order) || len(p.text) > len(text) {
			t.Errorf("%q became %q", text, p.text)
		}
	})
}

// What is kept parsed answers as what is not.
func TestKeptStatements(t *testing.T) {
	for _, e := range testEngines() {
		t.Run(e.name, func(t *testing.T) {
			s, _ := e.open(t)
			for i := range 4 { // from the third time on it is kept
				err := s.transaction(t.Context(), func(tx *transaction) error {
					rows, err := tx.QueryContext(t.Context(), `SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT)`, "a", "b")
					if err != nil {
						return err
					}
					defer rows.Close()
					var first, second, third string
					rows.Next()
					if err := rows.Scan(&first, &second, &third); err != nil {
						return err
					}
					if got := fmt.Sprint(first, second, third); got != "bab" {
						t.Errorf("run %d: %s", i, got)
					}
					return rows.Err()
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
