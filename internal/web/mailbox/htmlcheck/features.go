// Package htmlcheck says which HTML and CSS in a mail common mail clients do
// not support: a table of features (features.csv), found in a document by an
// HTML tokenizer (check.go) and a CSS parser (css.go).
//
// It changes no mail and asks nobody. The table is a help for people who write
// mails, not a promise of those who make the clients.
package htmlcheck

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	_ "embed"
)

//go:embed features.csv
var table string

// Level says what a lack of a feature does to a mail.
type Level string

// The levels.
const (
	LevelBreaks Level = "breaks" // something is lost or falls apart
	LevelLooks  Level = "looks"  // it is plainer
)

// Feature is something of HTML or CSS that not all clients support.
type Feature struct {
	ID    string // "property:float": stable, for programs
	Name  string // for people
	Level Level
	// No and Partial are the names of clients without it, and of those with a
	// part of it.
	No, Partial []string
	Note        string // what to do, or what happens; often empty
}

// outlook is the client that conditional comments speak to.
const outlook = "outlook-win"

// Checker checks documents. It does not change, and is safe for concurrent
// use.
type Checker struct {
	features map[string]*Feature
	clients  []string // names, in the table's order
	outlook  string   // its name
}

// New returns a checker. It panics if its table is broken: that is part of the
// program.
func New() *Checker {
	c, err := read(table)
	if err != nil {
		panic(fmt.Sprintf("features.csv: %v", err))
	}
	return c
}

// Clients returns the names of all clients that the table knows.
func (c *Checker) Clients() []string { return slices.Clone(c.clients) }

func read(table string) (*Checker, error) {
	reader := csv.NewReader(strings.NewReader(table))
	reader.Comma, reader.Comment, reader.LazyQuotes = '|', '#', true
	reader.FieldsPerRecord = 7
	records, err := reader.ReadAll()
	if err != nil {
		return nil, err
	}
	c := &Checker{features: make(map[string]*Feature)}
	names := make(map[string]string)
	resolve := func(ids string) (found []string, err error) {
		for _, id := range strings.Fields(ids) {
			if names[id] == "" {
				return nil, fmt.Errorf("unknown client %q", id)
			}
			found = append(found, names[id])
		}
		return found, nil
	}
	for _, record := range records {
		id := record[0] + ":" + record[1]
		if record[0] == "client" {
			names[record[1]] = record[2]
			c.clients = append(c.clients, record[2])
			continue
		}
		f := &Feature{ID: id, Name: record[2], Level: Level(record[3]), Note: record[6]}
		if f.No, err = resolve(record[4]); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		if f.Partial, err = resolve(record[5]); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		switch {
		case c.features[id] != nil:
			return nil, fmt.Errorf("%s is there twice", id)
		case f.Level != LevelBreaks && f.Level != LevelLooks:
			return nil, fmt.Errorf("%s: unknown level %q", id, f.Level)
		case len(f.No)+len(f.Partial) == 0:
			return nil, fmt.Errorf("%s: every client has it", id)
		}
		c.features[id] = f
	}
	c.outlook = names[outlook]
	return c, nil
}
