package smtp

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	sasl "github.com/wneessen/go-mail/smtp"
)

// mechanism is a way to log in (RFC 4954).
type mechanism struct {
	parameter string // in our URL; the SCRAM family shares one
	name      string // in the server's offer
	// reveals: the server learns the password itself.
	reveals bool
	// binds: the login is tied to the TLS connection (RFC 5929, RFC 9266), so
	// that nobody in between can pass it on. There has to be one.
	binds bool
	// asked: only if the URL names it. XOAUTH2 wants a token for a password,
	// and nothing shows whether it is one.
	asked bool
	auth  func(*Config, *tls.ConnectionState) sasl.Auth
}

// mechanisms lists what is supported, safest first: what a listener, or a
// server that is not ours, would learn of the password decides.
//
// The library would refuse to send a password in plain text. Here that is
// decided by [Config.Security], which has to say so.
func mechanisms() []mechanism {
	return []mechanism{
		{parameter: "scram", name: "SCRAM-SHA-256-PLUS", binds: true, auth: func(c *Config, s *tls.ConnectionState) sasl.Auth {
			return &scram{Auth: sasl.ScramSHA256PlusAuth(c.Username, c.Password, s)}
		}},
		{parameter: "scram", name: "SCRAM-SHA-1-PLUS", binds: true, auth: func(c *Config, s *tls.ConnectionState) sasl.Auth {
			return &scram{Auth: sasl.ScramSHA1PlusAuth(c.Username, c.Password, s)}
		}},
		{parameter: "scram", name: "SCRAM-SHA-256", auth: func(c *Config, _ *tls.ConnectionState) sasl.Auth {
			return &scram{Auth: sasl.ScramSHA256Auth(c.Username, c.Password)}
		}},
		{parameter: "scram", name: "SCRAM-SHA-1", auth: func(c *Config, _ *tls.ConnectionState) sasl.Auth {
			return &scram{Auth: sasl.ScramSHA1Auth(c.Username, c.Password)}
		}},
		{parameter: "cram-md5", name: "CRAM-MD5", auth: func(c *Config, _ *tls.ConnectionState) sasl.Auth {
			return sasl.CRAMMD5Auth(c.Username, c.Password)
		}},
		{parameter: "plain", name: "PLAIN", reveals: true, auth: func(c *Config, _ *tls.ConnectionState) sasl.Auth {
			return sasl.PlainAuth("", c.Username, c.Password, c.Host, true)
		}},
		{parameter: "login", name: "LOGIN", reveals: true, auth: func(c *Config, _ *tls.ConnectionState) sasl.Auth {
			return sasl.LoginAuth(c.Username, c.Password, c.Host, true)
		}},
		{parameter: "xoauth2", name: "XOAUTH2", reveals: true, asked: true, auth: func(c *Config, _ *tls.ConnectionState) sasl.Auth {
			return sasl.XOAuth2Auth(c.Username, c.Password)
		}},
	}
}

// parameters are the values of the URL's auth parameter.
func parameters() []string {
	var all []string
	for _, m := range mechanisms() {
		all = append(all, m.parameter)
	}
	return slices.Compact(all)
}

// candidates returns the mechanisms to try, best first: those of the
// configuration, or else all, as far as the server offers them.
func candidates(configured string, offered []string, encrypted bool) ([]mechanism, error) {
	var usable []mechanism
	var wanted []string
	for _, m := range mechanisms() {
		if m.parameter != configured && (configured != "" || m.asked) || m.binds && !encrypted {
			continue
		}
		wanted = append(wanted, m.name)
		if slices.Contains(offered, m.name) {
			usable = append(usable, m)
		}
	}
	if len(usable) > 0 {
		return usable, nil
	}
	offer := "no login"
	if len(offered) > 0 {
		offer = printable([]byte(strings.Join(offered, " ")), 200)
	}
	return nil, fmt.Errorf("the server offers %s; wanted is %s", offer, strings.Join(wanted, " or "))
}
