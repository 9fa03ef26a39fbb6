package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/postrider/postrider/internal/directory"
)

var _ directory.People = (*Store)(nil)

// lookedThrough is how many people, and how many contacts, one search looks
// through: no index knows what a name contains.
const lookedThrough = 15_000

// People implements [directory.People].
func (s *Store) People(ctx context.Context, app, after, search string, limit int) (people []directory.Person, more string, err error) {
	inUsers, inContacts := "", ""
	args := []any{text(app), text(after), limit, directory.System}
	if search != "" {
		if more, err = s.searchedUpTo(ctx, app, after); err != nil {
			return nil, "", fmt.Errorf("list people: %w", err)
		}
		pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text(search))) + "%"
		args = append(args, pattern)
		inUsers = ` AND (uid LIKE $5 ESCAPE '\' OR LOWER(name) LIKE $5 ESCAPE '\')`
		inContacts = ` AND (uid LIKE $5 ESCAPE '\' OR LOWER(email) LIKE $5 ESCAPE '\')`
	}
	if more != "" {
		args = append(args, more)
		inUsers, inContacts = inUsers+` AND uid <= $6`, inContacts+` AND uid <= $6`
	}
	// Each list is read along its key, and only as far as it is needed.
	people = make([]directory.Person, 0, limit)
	err = query(ctx, s.read, `SELECT listed.uid, COALESCE(u.name, ''), COALESCE(c.email, ''), COALESCE(u.deactivated_at, 0) FROM (
			SELECT uid FROM (SELECT uid FROM users WHERE app = $1 AND uid > $2 AND uid <> $4`+inUsers+` ORDER BY uid LIMIT $3) AS named
			UNION SELECT uid FROM (SELECT uid FROM contacts WHERE app = $1 AND uid > $2`+inContacts+` ORDER BY uid LIMIT $3) AS reached
		) AS listed LEFT JOIN users u ON u.app = $1 AND u.uid = listed.uid LEFT JOIN contacts c ON c.app = $1 AND c.uid = listed.uid
		ORDER BY listed.uid LIMIT $3`, args, func(rows *sql.Rows) error {
		p, err := scanListed(rows)
		people = append(people, p)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list people: %w", err)
	}
	if len(people) >= limit {
		more = ""
	}
	return people, more, nil
}

// searchedUpTo returns the last user id that a search from one on looks at;
// empty: it looks at all of them.
func (s *Store) searchedUpTo(ctx context.Context, app, after string) (last string, err error) {
	for _, table := range []string{"users", "contacts"} {
		var uid string
		err := s.read.QueryRowContext(ctx, `SELECT uid FROM `+table+` WHERE app = $1 AND uid > $2 ORDER BY uid LIMIT 1 OFFSET $3`,
			text(app), text(after), lookedThrough-1).Scan(&uid)
		switch {
		case isNone(err):
		case err != nil:
			return "", err
		case last == "" || uid < last:
			last = uid
		}
	}
	return last, nil
}

// Person implements [directory.People].
func (s *Store) Person(ctx context.Context, app, uid string) (directory.Person, bool, error) {
	p, err := scanListed(s.read.QueryRowContext(ctx, `SELECT listed.uid, COALESCE(u.name, ''), COALESCE(c.email, ''), COALESCE(u.deactivated_at, 0)
		FROM (SELECT CAST($2 AS TEXT) AS uid) AS listed LEFT JOIN users u ON u.app = $1 AND u.uid = listed.uid LEFT JOIN contacts c ON c.app = $1 AND c.uid = listed.uid
		WHERE u.uid IS NOT NULL OR c.uid IS NOT NULL`, text(app), text(uid)))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, false, nil
	case err != nil:
		return p, false, fmt.Errorf("read person: %w", err)
	}
	return p, true, nil
}

func scanListed(row interface{ Scan(dest ...any) error }) (p directory.Person, err error) {
	var deactivated int64
	err = row.Scan(&p.UID, &p.Name, &p.Email, &deactivated)
	p.Deactivated = deactivated > 0
	return p, err
}
