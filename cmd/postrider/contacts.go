package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/provider/address"
)

type contactsCommand struct {
	List   contactsList   `cmd:"" help:"List contacts by user id."`
	Set    contactsSet    `cmd:"" help:"Set the address of a user."`
	Delete contactsDelete `cmd:"" help:"Forget the address of a user."`
	Import contactsImport `cmd:"" help:"Import addresses from a CSV file with the columns uid and email."`
	Export contactsExport `cmd:"" help:"Export addresses as CSV."`
}

type contactsList struct {
	appFlags
	Search string `placeholder:"TEXT" help:"Only those whose user id or address contains this."`
	After  string `placeholder:"UID" help:"Only those after this user id: continues a list."`
	Limit  int    `default:"100" help:"How many at the most."`
}

// Run implements the command contacts list.
func (c *contactsList) Run(ctx context.Context) (err error) {
	if c.Limit < 1 {
		return errors.New("--limit: must be 1 or more")
	}
	data, app, err := c.openApp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	contacts, err := data.Store.Contacts(ctx, app, chat.NormalizeUID(c.After), c.Search, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(contacts)
	}
	if len(contacts) == 0 {
		fmt.Println("No contacts.")
		return nil
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "UID\tEMAIL\tUPDATED")
	for _, contact := range contacts {
		fmt.Fprintf(table, "%s\t%s\t%s\n", printable(contact.UID), printable(contact.Email), stamp(contact.UpdatedAt))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(contacts) == c.Limit {
		fmt.Printf("\nMore with --after %s\n", contacts[len(contacts)-1].UID)
	}
	return nil
}

type contactsSet struct {
	appFlags
	UID   string `arg:"" help:"User id."`
	Email string `arg:"" help:"Address."`
}

// Run implements the command contacts set.
func (c *contactsSet) Run(ctx context.Context) (err error) {
	contact, err := address.NewContact(c.UID, c.Email)
	if err != nil {
		return err
	}
	data, app, err := c.openApp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	if err := data.Store.SetContacts(ctx, app, []address.Contact{contact}); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(contact)
	}
	fmt.Printf("%s  %s\n", contact.UID, contact.Email)
	return nil
}

type contactsDelete struct {
	appFlags
	UID string `arg:"" help:"User id."`
}

// Run implements the command contacts delete.
func (c *contactsDelete) Run(ctx context.Context) (err error) {
	data, app, err := c.openApp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	uid := chat.NormalizeUID(c.UID)
	if err := data.Store.DeleteContact(ctx, app, uid); err != nil {
		return fmt.Errorf("%s: %w", uid, err)
	}
	if c.JSON {
		return printJSON(map[string]string{"uid": uid, "result": "deleted"})
	}
	fmt.Printf("%s  deleted\n", uid)
	return nil
}

type contactsImport struct {
	appFlags
	File string `arg:"" type:"existingfile" help:"CSV file; a first line names its columns, others than uid and email are ignored."`
}

// Run implements the command contacts import.
func (c *contactsImport) Run(ctx context.Context) (err error) {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	data, app, err := c.openApp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()

	bar := progressbar.NewOptions64(info.Size(), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("importing"),
		progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))))
	read := progressbar.NewReader(file, bar)
	result, err := address.Import(ctx, data.Store, app, &read)
	err = errors.Join(err, bar.Finish())
	if c.JSON {
		return errors.Join(err, printJSON(result))
	}
	for _, refused := range result.Refused {
		fmt.Fprintf(os.Stderr, "line %d: %s\n", refused.Line, printable(refused.Problem))
	}
	if hidden := result.RefusedTotal - len(result.Refused); hidden > 0 {
		fmt.Fprintf(os.Stderr, "… and %d more\n", hidden)
	}
	fmt.Printf("%d imported, %d refused\n", result.Imported, result.RefusedTotal)
	return err
}

type contactsExport struct {
	appFlags
	File string `arg:"" optional:"" help:"File to write; standard output unless given."`
}

// Run implements the command contacts export.
func (c *contactsExport) Run(ctx context.Context) (err error) {
	data, app, err := c.openApp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	out := os.Stdout
	if c.File != "" {
		if out, err = os.OpenFile(c.File, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, out.Close()) }()
	}
	if c.JSON {
		contacts := []address.Contact{}
		err := address.Each(ctx, data.Store, app, func(contact address.Contact) error {
			contacts = append(contacts, contact)
			return nil
		})
		return errors.Join(err, writeJSON(out, contacts))
	}
	return address.Export(ctx, data.Store, app, out)
}
