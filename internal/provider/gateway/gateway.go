// Package gateway is what a mail is handed to: the words that all gateways
// share. Each gateway is a package of its own below it.
//
// A gateway sends what it is given and says exactly what became of it. It does
// not queue, retry, render or look addresses up.
package gateway

import (
	"context"
	"fmt"
)

// Mail is one message for one recipient, ready for the wire.
type Mail struct {
	ID   string // of the delivery
	From string // envelope sender
	To   string // envelope recipient
	Data []byte // RFC 5322, lines end in CR LF
}

// Reply is what a gateway said when it took a mail.
type Reply struct {
	Code int
	Text string
}

// Gateway hands mails on. It is safe for concurrent use.
type Gateway interface {
	// Name identifies the gateway in logs and attempts.
	Name() string
	// Send returns once the gateway has taken responsibility for the mail,
	// or an [*Error].
	Send(ctx context.Context, m Mail) (Reply, error)
}

// Fault says whose fault a failure is, and so what to do next.
type Fault int

const (
	// FaultGateway means that the gateway could not be used at all. It says nothing
	// about the mail, and is no attempt of it.
	FaultGateway Fault = iota
	// FaultTemporary means that this mail was not taken now; it may be later.
	FaultTemporary
	// FaultPermanent means that this mail will not be taken.
	FaultPermanent
)

// Error is a mail that was not taken.
type Error struct {
	Fault Fault
	Step  string // what was being done, such as "RCPT TO"
	Code  int    // of the reply; 0 when there was none
	// Enhanced is the reply's enhanced status code (RFC 3463), such as
	// "5.1.1"; empty if it has none that agrees with Code.
	Enhanced string
	Kind     Kind
	Text     string // of the reply, with the enhanced code
	Err      error  // the cause when there was no reply
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Step, e.Err)
	}
	return fmt.Sprintf("%s: %d %s", e.Step, e.Code, e.Text)
}

func (e *Error) Unwrap() error { return e.Err }

// Brief says what happened without the words of a reply, in which servers
// repeat addresses: it is what a log may hold.
func (e *Error) Brief() string {
	if e.Err != nil {
		return e.Error()
	}
	return fmt.Sprintf("%s: %d", e.Step, e.Code)
}
