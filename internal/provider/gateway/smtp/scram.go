package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	sasl "github.com/wneessen/go-mail/smtp"
)

// How often a server may have us hash the password. With fewer rounds a
// recorded login gives the password away too easily (RFC 5802, section 5.1);
// with more, a server that is not ours would keep us busy for as long as it
// likes.
const (
	fewestRounds = 4096
	mostRounds   = 1_000_000
)

// scram holds the server to the order of the exchange (RFC 5802, section 5):
// our first message, its salt, its proof. The library computes what is in
// them, but takes a proof at any time (before the salt it is one that anybody
// can make) and a success without any.
type scram struct {
	sasl.Auth
	step int
}

const (
	scramFirst   = iota // the server waits for our first message
	scramSalt           // it has to send its salt
	scramProof          // it has to prove that it knows the password, too
	scramProven         // it has
	scramRefused        // it has said why it does not: its reply follows
)

// Next implements [sasl.Auth].
func (s *scram) Next(fromServer []byte, more bool) ([]byte, error) {
	if !more {
		if s.step != scramProven {
			return nil, errors.New("the server does not prove that it knows the password")
		}
		return nil, nil
	}
	switch {
	case s.step == scramFirst && len(fromServer) == 0:
	case s.step == scramSalt && bytes.HasPrefix(fromServer, []byte("r=")):
		if err := checkRounds(fromServer); err != nil {
			return nil, err
		}
	case s.step == scramProof && bytes.HasPrefix(fromServer, []byte("v=")):
	case (s.step == scramSalt || s.step == scramProof) && bytes.HasPrefix(fromServer, scramError()):
		s.step = scramRefused
		return []byte{}, nil
	default:
		return nil, sasl.ErrUnexpectedServerResponse
	}
	s.step++
	return s.Auth.Next(fromServer, more)
}

// scramError is how the reason for a refusal begins, which a refusal follows.
func scramError() []byte { return []byte("e=") }

func checkRounds(salt []byte) error {
	for field := range bytes.SplitSeq(salt, []byte{','}) {
		value, ok := bytes.CutPrefix(field, []byte("i="))
		if !ok {
			continue
		}
		n, err := strconv.Atoi(string(value))
		if err != nil || n < fewestRounds || n > mostRounds {
			return fmt.Errorf("the server wants the password hashed %s times; at least %d and at most %d are done",
				printable(value, 20), fewestRounds, mostRounds)
		}
	}
	return nil
}
