package store

import (
	"strconv"
	"strings"
)

// positional is a statement in which parameters are plain question marks.
// SQLite gives $1 a name, which costs a search through all names for each
// value that is bound.
type positional struct {
	text  string
	order []int // of the arguments, counted from 0, as the marks stand
}

// newPositional rewrites a statement with parameters $1, $2, …. It may contain
// a $ followed by a digit nowhere else.
func newPositional(text string) positional {
	var b strings.Builder
	var order []int
	b.Grow(len(text))
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return positional{b.String(), order}
		}
		digits := 0
		for digits < len(after) && after[digits] >= '0' && after[digits] <= '9' {
			digits++
		}
		n, err := strconv.Atoi(after[:digits])
		if err != nil || n == 0 {
			b.WriteByte('$')
		} else {
			b.WriteByte('?')
			order = append(order, n-1)
		}
		text = after[digits:]
	}
}

// args returns arguments in the order of the marks; one may stand several
// times. Where one is missing it ends, and the driver complains.
func (p *positional) args(args []any) []any {
	ordered := make([]any, len(p.order))
	for i, n := range p.order {
		if n >= len(args) {
			return ordered[:i]
		}
		ordered[i] = args[n]
	}
	return ordered
}
