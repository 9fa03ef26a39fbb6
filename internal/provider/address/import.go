package address

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
)

const (
	importBatch = 500
	eachBatch   = 1000
	// maxRefusals bounds how many refused lines are reported one by one.
	maxRefusals = 100
)

// ImportResult says what became of the lines of a file.
type ImportResult struct {
	Imported     int       `json:"imported"`
	RefusedTotal int       `json:"refused"`
	Refused      []Refusal `json:"refusals"` // the first hundred
}

// Refusal is a line that was not imported.
type Refusal struct {
	Line    int    `json:"line"`
	Field   string `json:"field,omitempty"` // uid or email, where it is one of them
	Problem string `json:"problem"`
}

// FieldError says what is wrong with one part of a contact.
type FieldError struct {
	Field string // uid or email
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }
func (e *FieldError) Unwrap() error { return e.Err }

// Importer reads contacts from CSV (RFC 4180; semicolons and tabs are taken as
// separators too). The first line names the columns, of which uid and email
// are used.
type Importer struct {
	Store Store
	App   string
	// Check: lines are only looked at; those that could be imported count as
	// imported.
	Check bool
	// Observe, unless nil, is called as lines are imported, or refused.
	Observe func(imported int, refused *Refusal)
}

// NewContact checks a user id and an address, and returns them in their normal
// form.
func NewContact(uid, email string) (Contact, error) {
	uid = chat.NormalizeUID(strings.TrimSpace(uid))
	switch {
	case uid == "":
		return Contact{}, &FieldError{"uid", errors.New("is empty")}
	case utf8.RuneCountInString(uid) > chat.MaxUIDLength:
		return Contact{}, &FieldError{"uid", fmt.Errorf("is longer than %d characters", chat.MaxUIDLength)}
	case strings.ContainsFunc(uid, unicode.IsControl):
		return Contact{}, &FieldError{"uid", errors.New("contains a control character")}
	}
	parsed, err := Parse(strings.TrimSpace(email))
	if err != nil {
		return Contact{}, &FieldError{"email", err}
	}
	return Contact{UID: uid, Email: parsed}, nil
}

// Import imports contacts as [Importer.Import] does.
func Import(ctx context.Context, store Store, app string, r io.Reader) (ImportResult, error) {
	return (&Importer{Store: store, App: app}).Import(ctx, r)
}

// Import imports contacts. Lines that cannot be imported are reported, and the
// others are imported all the same.
func (i *Importer) Import(ctx context.Context, r io.Reader) (ImportResult, error) {
	result := ImportResult{Refused: []Refusal{}}
	rows, uid, email, err := openCSV(r)
	if err != nil {
		return result, err
	}
	batch := make([]Contact, 0, importBatch)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if !i.Check {
			if err := i.Store.SetContacts(ctx, i.App, batch); err != nil {
				return err
			}
		}
		result.Imported += len(batch)
		if i.Observe != nil {
			i.Observe(len(batch), nil)
		}
		batch = batch[:0]
		return nil
	}
	refuse := func(line int, problem error) {
		result.RefusedTotal++
		refused := Refusal{Line: line, Problem: problem.Error()}
		var field *FieldError
		if errors.As(problem, &field) {
			refused.Field = field.Field
		}
		if len(result.Refused) < maxRefusals {
			result.Refused = append(result.Refused, refused)
		}
		if i.Observe != nil {
			i.Observe(0, &refused)
		}
	}
	for {
		row, err := rows.Read()
		var syntax *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return result, flush()
		case errors.As(err, &syntax):
			refuse(syntax.Line, syntax.Err)
			continue
		case err != nil:
			return result, errors.Join(fmt.Errorf("read contacts: %w", err), flush())
		}
		line, _ := rows.FieldPos(0)
		if len(row) <= max(uid, email) {
			refuse(line, errors.New("has too few columns"))
			continue
		}
		contact, err := NewContact(row[uid], row[email])
		if err != nil {
			refuse(line, err)
			continue
		}
		if batch = append(batch, contact); len(batch) == importBatch {
			if err := flush(); err != nil {
				return result, err
			}
		}
	}
}

// openCSV reads the line that names the columns and finds uid and email.
func openCSV(r io.Reader) (rows *csv.Reader, uid, email int, err error) {
	buffered := bufio.NewReader(r)
	start, err := buffered.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, 0, fmt.Errorf("read contacts: %w", err)
	}
	const byteOrderMark = "\xef\xbb\xbf"
	if strings.HasPrefix(string(start), byteOrderMark) {
		_, _ = buffered.Discard(len(byteOrderMark)) // was just peeked at
	}
	first, _, _ := strings.Cut(string(start), "\n")
	rows = csv.NewReader(buffered)
	for _, separator := range ",;\t" {
		if strings.ContainsRune(first, separator) {
			rows.Comma = separator
			break
		}
	}
	rows.FieldsPerRecord = -1
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, 0, fmt.Errorf("read the line of column names: %w", err)
	}
	uid, email = -1, -1
	for i, name := range header {
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "uid":
			uid = i
		case "email":
			email = i
		}
	}
	if uid < 0 || email < 0 {
		return nil, 0, 0, errors.New("the first line must name the columns, among them uid and email")
	}
	return rows, uid, email, nil
}

// Each calls fn for every contact of an app, by user id.
func Each(ctx context.Context, store Store, app string, fn func(Contact) error) error {
	after := ""
	for {
		contacts, err := store.Contacts(ctx, app, after, "", eachBatch)
		if err != nil {
			return err
		}
		for _, c := range contacts {
			if err := fn(c); err != nil {
				return err
			}
			after = c.UID
		}
		if len(contacts) < eachBatch {
			return nil
		}
	}
}

// Export writes all contacts of an app that have an address as CSV, in the form
// that [Importer.Import] reads.
func Export(ctx context.Context, store Store, app string, w io.Writer) error {
	rows := csv.NewWriter(w)
	if err := rows.Write([]string{"uid", "email"}); err != nil {
		return fmt.Errorf("write contacts: %w", err)
	}
	err := Each(ctx, store, app, func(c Contact) error { return rows.Write([]string{c.UID, c.Email}) })
	rows.Flush()
	if err := errors.Join(err, rows.Error()); err != nil {
		return fmt.Errorf("write contacts: %w", err)
	}
	return nil
}
