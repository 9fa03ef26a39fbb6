package store

import (
	"strconv"
	"strings"
)

// chunks cuts n rows into a few fixed sizes, so that the statements made for
// them are few and can be kept prepared.
func chunks(n int, each func(from, to int) error) error {
	for from := 0; from < n; {
		size := 1
		for _, s := range [...]int{64, 16, 4} {
			if n-from >= s {
				size = s
				break
			}
		}
		if err := each(from, from+size); err != nil {
			return err
		}
		from += size
	}
	return nil
}

// tuples returns "($1,$2),($3,$4)": the parameters of a multi-row VALUES,
// counted from first.
func tuples(rows, columns, first int) string {
	var b strings.Builder
	n := first
	for row := range rows {
		if row > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for column := range columns {
			if column > 0 {
				b.WriteByte(',')
			}
			b.WriteString("$" + strconv.Itoa(n))
			n++
		}
		b.WriteByte(')')
	}
	return b.String()
}

// list returns "$1,$2,$3", counted from first.
func list(n, first int) string {
	return strings.Trim(tuples(1, n, first), "()")
}
