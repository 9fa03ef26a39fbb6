// Package mailbox is the built-in gateway: it keeps mails in the database to
// be looked at, and sends nothing. Here is also what can be read in a mail
// (content.go), how mails are searched (query.go, words.go), and which faults
// the gateway plays on demand (faults.go).
//
// It shows nothing: pages and API stand in web/mailbox.
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

// DefaultKeep is how many mails are kept unless a setting says otherwise: the
// newest.
const DefaultKeep = 1000

const stepKeep = "keep in mailbox"

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
	// Searched is only read when the mail is added.
	Searched Searched
	// Arrival numbers mails in the order in which they were kept, over all
	// processes; there may be gaps. The store sets it.
	Arrival int64
}

// Searched is what a search finds in a mail besides its envelope and subject.
type Searched struct {
	From, To string // the headers
	Text     string
}

// State is what there is to know about the whole mailbox.
type State struct {
	Kept int   // mails
	Last int64 // the newest Arrival so far, even if that mail is gone
}

// Store keeps mails, and the faults to play.
type Store interface {
	// AddMail keeps a mail, and of all mails the newest keep. The same mail
	// again changes nothing.
	AddMail(ctx context.Context, m Mail, keep int) error
	// Mails lists the mails that a query wants, the one that arrived last
	// first.
	Mails(ctx context.Context, q Query, limit int) ([]Mail, error)
	// MailboxState returns the state. A mail is listed as soon as its number
	// was seen there.
	MailboxState(ctx context.Context) (State, error)
	// Mail returns one mail, or ErrNotFound.
	Mail(ctx context.Context, id string) (Mail, error)
	// DeleteMail deletes one mail, or returns ErrNotFound.
	DeleteMail(ctx context.Context, id string) error
	// DeleteMails deletes all mails.
	DeleteMails(ctx context.Context) error
	// Faults returns the faults that were set last.
	Faults(ctx context.Context) (Faults, error)
	// SetFaults sets the faults that all processes play from now on.
	SetFaults(ctx context.Context, f Faults) error
}

// Gateway keeps every mail it is given, but for the faults it is set to play.
type Gateway struct {
	Store Store
	Keep  int // how many mails are kept; 0: DefaultKeep
	Clock func() time.Time
	// Random draws which mails meet a fault, in [0, 1).
	Random func() float64
}

var _ gateway.Gateway = (*Gateway)(nil)

// Name implements [gateway.Gateway].
func (*Gateway) Name() string { return "mailbox" }

// Send implements [gateway.Gateway].
func (g *Gateway) Send(ctx context.Context, m gateway.Mail) (gateway.Reply, error) {
	// Asked for each mail: what was set on a page holds for the next one, in
	// every process.
	faults, err := g.Store.Faults(ctx)
	if err != nil {
		return gateway.Reply{}, &gateway.Error{Fault: gateway.FaultGateway, Step: stepKeep, Err: err}
	}
	if err := faults.play(ctx, g.Random); err != nil {
		return gateway.Reply{}, err
	}
	if err := g.keep(ctx, m); err != nil {
		return gateway.Reply{}, &gateway.Error{Fault: gateway.FaultGateway, Step: stepKeep, Err: err}
	}
	return gateway.Reply{Code: 250, Text: fmt.Sprintf("kept in the mailbox (%d bytes)", len(m.Data))}, nil
}

// keep keeps a mail, whatever the faults.
func (g *Gateway) keep(ctx context.Context, m gateway.Mail) error {
	content := ReadContent(m.Data)
	kept := Mail{
		ID: m.ID, ReceivedAt: g.Clock(), From: m.From, To: m.To, Raw: m.Data,
		Searched: Searched{content.Header("From", ""), content.Header("To", ""), content.Searchable()},
	}
	if parsed, err := mail.ReadMessage(bytes.NewReader(m.Data)); err == nil {
		kept.Subject = parsed.Header.Get("Subject")
		if decoded, err := new(mime.WordDecoder).DecodeHeader(kept.Subject); err == nil {
			kept.Subject = decoded
		}
	}
	keep := g.Keep
	if keep == 0 {
		keep = DefaultKeep
	}
	return g.Store.AddMail(ctx, kept, keep)
}
