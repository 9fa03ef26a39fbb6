package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// filter collects the WHERE of a SELECT and its parameters.
type filter struct {
	where []string
	args  []any
}

// bind returns the parameter of a value.
func (c *filter) bind(value any) string {
	c.args = append(c.args, value)
	return "$" + strconv.Itoa(len(c.args))
}

// and adds a condition.
func (c *filter) and(condition string) { c.where = append(c.where, condition) }

func (c *filter) String() string { return strings.Join(c.where, " AND ") }

// in says that a column has one of the values, if there are any.
func in[T ~string](c *filter, column string, values []T) {
	if len(values) == 0 {
		return
	}
	parameters := make([]string, len(values))
	for i, value := range values {
		parameters[i] = c.bind(text(string(value)))
	}
	c.and(column + " IN (" + strings.Join(parameters, ", ") + ")")
}

// begins says that one of the columns begins with a text, whatever its case.
// It also asks without a change of case: SQLite lowers only ASCII.
func (c *filter) begins(search string, columns ...string) {
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	lower := c.bind(escape.Replace(strings.ToLower(text(search))) + "%")
	as := c.bind(escape.Replace(text(search)) + "%")
	either := make([]string, 0, 2*len(columns))
	for _, column := range columns {
		either = append(either, `LOWER(`+column+`) LIKE `+lower+` ESCAPE '\'`, column+` LIKE `+as+` ESCAPE '\'`)
	}
	c.and("(" + strings.Join(either, " OR ") + ")")
}

// tagged says that a column of tags has one of them, if there are any.
func (c *filter) tagged(d *dialect, column string, tags []string) {
	if len(tags) == 0 {
		return
	}
	either := filter{args: c.args}
	in(&either, "tag.value", tags)
	c.args = either.args
	c.and("EXISTS (SELECT 1 FROM " + fmt.Sprintf(d.eachTag, column) + " WHERE " + either.String() + ")")
}

// changedAt is when a row of users or groups changed last.
func changedAt(table string) string {
	return "CASE WHEN " + table + ".updated_at > " + table + ".created_at THEN " + table + ".updated_at ELSE " + table + ".created_at END"
}

// totals counts the rows of a list and finds their newest change.
func (s *Store) totals(ctx context.Context, from, changed string, c *filter, total *int, newest *time.Time) error {
	var n int
	var ms int64
	err := s.read.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MAX(`+changed+`), 0) FROM `+from+` WHERE `+c.String(), c.args...).Scan(&n, &ms)
	if err != nil {
		return err
	}
	*total, *newest = n, fromMillis(ms)
	return nil
}
