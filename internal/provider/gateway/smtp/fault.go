package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// Steps of a conversation, as errors name them.
const (
	stepWait     = "wait for a connection"
	stepConnect  = "connect"
	stepTLS      = "TLS handshake"
	stepGreeting = "greeting"
	stepEHLO     = "EHLO"
	stepHELO     = "HELO"
	stepSTARTTLS = "STARTTLS"
	stepAUTH     = "AUTH"
	stepMAIL     = "MAIL FROM"
	stepRCPT     = "RCPT TO"
	stepDATA     = "DATA"
	stepContent  = "content"
	stepBDAT     = "BDAT"
	stepFinal    = "final dot"
	stepRSET     = "RSET"
	stepQUIT     = "QUIT"
)

// closing is the code with which a server says, in any phase, that it ends
// the connection (RFC 5321, section 3.8).
const closing = 421

// A refusal is a negative reply.
type refusal struct {
	step   string
	reply  reply
	reason string // that a login's exchange gave before the reply
}

func (e *refusal) Error() string { return fmt.Sprintf("%s: %d %s", e.step, e.reply.code, e.reply.text) }

// A lost connection broke, timed out, or carried something that is no SMTP.
type lost struct {
	step string
	err  error
}

func (e *lost) Error() string { return e.step + ": " + e.err.Error() }
func (e *lost) Unwrap() error { return e.err }

// A misfit is something that the server's offers rule out, so that it was not
// even tried.
type misfit struct {
	step string
	kind gateway.Kind
	err  error
}

func (e *misfit) Error() string { return e.step + ": " + e.err.Error() }
func (e *misfit) Unwrap() error { return e.err }

// asGatewayFault is for whatever happened before a mail was mentioned.
func asGatewayFault(err error) *gateway.Error { return verdict(err, gateway.FaultGateway) }

// asMailFault is for whatever happened once a mail was mentioned.
//
// A refusal is the mail's: 4xx for now, 5xx for good. Not so what asks us to
// log in or to encrypt by its code (RFC 4954, section 6; RFC 3207, section 4):
// no mail could do better, so that none must be given up for it. Enhanced codes
// that say the same do so of us up to the sender; later only those that cannot
// be meant otherwise (x.7.8, x.7.9, x.7.11): the others are also said of
// recipients who hear from some people only (550 5.7.12), and would stop
// everybody's mail. In the same way 421, by which the server leaves, is about us
// up to the sender; later it may be this mail that it does not bear, and which
// would hold up all others for as long as it is tried.
// A lost connection is an attempt of the mail.
func asMailFault(err error) *gateway.Error {
	var (
		refused *refusal
		unfit   *misfit
	)
	fault := gateway.FaultTemporary
	switch {
	case errors.As(err, &unfit):
		fault = gateway.FaultPermanent
	case errors.As(err, &refused):
		switch {
		case ofUs(refused):
			fault = gateway.FaultGateway
		case refused.reply.class() == 5:
			fault = gateway.FaultPermanent
		}
	}
	return verdict(err, fault)
}

// ofUs reports whether a refusal is of us, and not of a mail.
func ofUs(r *refusal) bool {
	kind := kindOf(r.step, r.reply)
	return isOurs(r.reply.code) || kind == gateway.KindLogin || kind == gateway.KindEncryption ||
		r.reply.code == closing && r.step == stepMAIL
}

// isOurs: these codes ask for a login or for encryption, whatever is said
// beside them.
func isOurs(code int) bool { return code == 530 || code == 534 || code == 535 || code == 538 }

func verdict(err error, fault gateway.Fault) *gateway.Error {
	var (
		refused *refusal
		broken  *lost
		unfit   *misfit
	)
	switch {
	case errors.As(err, &refused):
		return &gateway.Error{
			Fault: fault, Step: refused.step, Code: refused.reply.code, Enhanced: refused.reply.enhanced,
			Kind: kindOf(refused.step, refused.reply), Text: refused.reply.text,
		}
	case errors.As(err, &broken):
		return &gateway.Error{Fault: fault, Step: broken.step, Kind: gateway.KindDisconnected, Err: broken.err}
	case errors.As(err, &unfit):
		return &gateway.Error{Fault: fault, Step: unfit.step, Kind: unfit.kind, Err: unfit.err}
	default:
		return &gateway.Error{Fault: fault, Step: stepConnect, Err: err}
	}
}

// explain says in words why reading or writing failed: because ctx ended,
// because limit was over, because the server hung up.
func explain(ctx context.Context, err error, limit time.Duration) error {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("took longer than %s: %w", limit, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the server closed the connection: %w", err)
	default:
		return err
	}
}
