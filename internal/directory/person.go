package directory

import "context"

// Person is somebody of the directory or of the contacts, or of both.
type Person struct {
	UID         string
	Name        string // empty: not known
	Email       string // empty: none is stored
	Deactivated bool
}

// People lists who there is.
type People interface {
	// People returns an app's people by user id, those after one, whose id, name
	// or address contains a text. One search looks through a bounded part of
	// them: more is after whom to go on where that was not all; empty at the end,
	// and where there are as many as the limit.
	People(ctx context.Context, app, after, search string, limit int) (found []Person, more string, err error)
	// Person returns one of them; ok is false if neither the directory nor the
	// contacts know them.
	Person(ctx context.Context, app, uid string) (p Person, ok bool, err error)
}
