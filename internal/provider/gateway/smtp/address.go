package smtp

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// longestAddress is what fits between the angle brackets of a path (RFC 5321,
// section 4.5.3.1.3), in octets.
const longestAddress = 254

// envelope is sender and recipient as they go over the wire.
type envelope struct {
	from, to string
	// fromUTF8, toUTF8: the address has letters beyond ASCII before the @, and
	// so can be sent only with SMTPUTF8 (RFC 6531).
	fromUTF8, toUTF8 bool
}

// addresses checks the addresses of a mail, whatever the server.
func addresses(m gateway.Mail) (envelope, error) {
	var e envelope
	var err error
	if e.from, e.fromUTF8, err = wireAddress(m.From); err != nil {
		return e, &misfit{stepMAIL, gateway.KindSender, err}
	}
	if m.To == "" {
		return e, &misfit{stepRCPT, gateway.KindMailbox, errors.New("the mail has no recipient")}
	}
	if e.to, e.toUTF8, err = wireAddress(m.To); err != nil {
		return e, &misfit{stepRCPT, gateway.KindMailbox, err}
	}
	return e, nil
}

// fits refuses addresses that this server cannot take.
func (e envelope) fits(o *offers) error {
	// Who offers SMTPUTF8 has to offer 8BITMIME too (RFC 6531, section 3.1).
	if o.utf8 && o.eightBit {
		return nil
	}
	reason := errors.New("the address has letters beyond ASCII before the @, and the server does not offer SMTPUTF8")
	switch {
	case e.fromUTF8:
		return &misfit{stepMAIL, gateway.KindUnsupported, reason}
	case e.toUTF8:
		return &misfit{stepRCPT, gateway.KindUnsupported, reason}
	default:
		return nil
	}
}

// wireAddress is an address as it stands between the angle brackets of MAIL
// and RCPT. A domain in another script is written in ASCII (RFC 5891), which
// every server understands; a part before the @ cannot be.
//
// It refuses what must not stand there. A line break or bracket would let an
// address add commands of its own.
func wireAddress(address string) (wire string, needsUTF8 bool, err error) {
	if !utf8.ValidString(address) {
		return "", false, errors.New("the address is not UTF-8")
	}
	for _, c := range address {
		if c == '<' || c == '>' || unicode.IsSpace(c) || unicode.IsControl(c) || c >= utf8.RuneSelf && !unicode.IsPrint(c) {
			return "", false, fmt.Errorf("the address contains %q", c)
		}
	}
	local := address
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		local = address[:at]
		domain := address[at+1:]
		if !isASCII(domain) {
			if domain, err = idna.Lookup.ToASCII(domain); err != nil {
				return "", false, fmt.Errorf("the address has no valid domain: %s", strings.TrimPrefix(err.Error(), "idna: "))
			}
		}
		address = local + "@" + domain
	}
	if len(address) > longestAddress {
		return "", false, fmt.Errorf("the address is longer than %d octets", longestAddress)
	}
	return address, !isASCII(local), nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
