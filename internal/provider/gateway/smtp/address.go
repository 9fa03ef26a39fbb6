package smtp

import (
	"errors"
	"fmt"
)

// longestAddress is what fits between the angle brackets of a path (RFC 5321,
// section 4.5.3.1.3), in octets.
const longestAddress = 254

// checkAddress refuses what must not stand between the angle brackets of MAIL
// and RCPT. A line break or bracket there would let an address add commands
// of its own.
func checkAddress(address string) error {
	if len(address) > longestAddress {
		return fmt.Errorf("the address is longer than %d octets", longestAddress)
	}
	for _, c := range []byte(address) {
		switch {
		case c >= 0x80:
			return errors.New("the address has letters beyond ASCII, which needs SMTPUTF8; that is not supported")
		case c <= ' ' || c == 0x7f || c == '<' || c == '>':
			return fmt.Errorf("the address contains %q", c)
		}
	}
	return nil
}
