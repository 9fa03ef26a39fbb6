// Package mailbox is the built-in gateway: it keeps mails in the database to
// be looked at, and sends nothing.
package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/mail"
	"time"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// Keep is how many mails are kept: the newest.
const Keep = 1000

// ErrNotFound means that there is no such mail (any more).
var ErrNotFound = errors.New("no such mail")

// Mail is a kept mail. Raw is empty in listings.
type Mail struct {
	ID         string // the delivery's id
	ReceivedAt time.Time
	From       string
	To         string
	Subject    string
	Size       int
	Raw        []byte
}

// Store keeps mails.
type Store interface {
	// AddMail keeps a mail, and of all mails the newest keep.
	AddMail(ctx context.Context, m Mail, keep int) error
	// Mails lists mails without Raw, newest first, those older than the mail
	// before where it is not empty.
	Mails(ctx context.Context, before string, limit int) ([]Mail, error)
	// Mail returns one mail, or ErrNotFound.
	Mail(ctx context.Context, id string) (Mail, error)
	// DeleteMail deletes one mail, or returns ErrNotFound.
	DeleteMail(ctx context.Context, id string) error
	// DeleteMails deletes all mails.
	DeleteMails(ctx context.Context) error
}

// Gateway keeps every mail it is given.
type Gateway struct {
	Store Store
	Clock func() time.Time
}

var _ gateway.Gateway = (*Gateway)(nil)

// Name implements [gateway.Gateway].
func (*Gateway) Name() string { return "mailbox" }

// Send implements [gateway.Gateway].
func (g *Gateway) Send(ctx context.Context, m gateway.Mail) (gateway.Reply, error) {
	kept := Mail{ID: m.ID, ReceivedAt: g.Clock(), From: m.From, To: m.To, Raw: m.Data}
	if parsed, err := mail.ReadMessage(bytes.NewReader(m.Data)); err == nil {
		kept.Subject = parsed.Header.Get("Subject")
		if decoded, err := new(mime.WordDecoder).DecodeHeader(kept.Subject); err == nil {
			kept.Subject = decoded
		}
	}
	if err := g.Store.AddMail(ctx, kept, Keep); err != nil {
		return gateway.Reply{}, &gateway.Error{Fault: gateway.FaultGateway, Step: "keep in mailbox", Err: err}
	}
	return gateway.Reply{Code: 250, Text: fmt.Sprintf("kept in the mailbox (%d bytes)", len(m.Data))}, nil
}
