package smtp

import (
	"cmp"
	"crypto/tls"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"
)

// Security says how a connection is protected.
type Security int

const (
	// Required is STARTTLS (RFC 3207), or nothing is sent.
	Required Security = iota
	// Opportunistic is STARTTLS if the server offers it, else plain text.
	// Where it is offered the certificate has to be valid all the same.
	Opportunistic
	// None is plain text.
	None
	// Implicit is TLS from the first byte (RFC 8314).
	Implicit
)

// String is the value of the URL's tls parameter; for [Implicit], which has
// none, the scheme.
func (s Security) String() string {
	switch s {
	case Required:
		return "required"
	case Opportunistic:
		return "opportunistic"
	case None:
		return "none"
	case Implicit:
		return "smtps"
	default:
		return "Security(" + strconv.Itoa(int(s)) + ")"
	}
}

// Config is how to reach a server and how to treat it. [Parse] makes one from
// a URL. Host and Port are required, everything else has a default.
type Config struct {
	Host     string
	Port     int
	Security Security

	// Username and Password log in; both empty: no login.
	Username, Password string
	// Auth is the mechanism as in the URL: "scram", "cram-md5", "plain",
	// "login" or "xoauth2", for which Password is an access token. Empty: the
	// safest that the server offers, but for the last.
	Auth string

	// Pool is how many connections may be open at one time; 0 is 16.
	Pool int
	// MaxMails and MaxAge are how many mails, and how long, a connection is
	// used; 0 is 100 mails and 5 minutes.
	MaxMails int
	MaxAge   time.Duration
	// MaxIdle is how long an unused connection stays open; 0 is 30 s.
	MaxIdle time.Duration

	// Hello is our own host name, said in EHLO; empty: that of the operating
	// system. What is not a domain name becomes "localhost".
	Hello string
	// TLS, if set, is the base of the TLS configuration, such as root
	// certificates. The server name defaults to Host, the lowest version is
	// at least 1.2.
	TLS *tls.Config

	Timeouts Timeouts
}

// Timeouts limit the steps of a conversation. Each is for a step as a whole,
// so that a server which sends a byte now and then gains nothing by it. The
// defaults are shorter than what RFC 5321, section 4.5.3.2 proposes, as a slow
// gateway only means that the mail is tried again; but for Final, where
// giving up early could send the mail twice.
type Timeouts struct {
	Connect time.Duration // to a TCP connection, name lookup included; 0 is 30 s
	TLS     time.Duration // for a handshake; 0 is 30 s
	Command time.Duration // for the greeting and for the reply to a command; 0 is 1 min
	Block   time.Duration // for sending 64 KiB of content; 0 is 1 min
	Final   time.Duration // for the reply to the final dot; 0 is 10 min
	// Parting is for RSET after a refusal and for QUIT, which no mail waits
	// for; 0 is 5 s.
	Parting time.Duration
}

func (c Config) withDefaults() Config {
	c.Pool = cmp.Or(c.Pool, 16)
	c.MaxMails = cmp.Or(c.MaxMails, 100)
	c.MaxAge = cmp.Or(c.MaxAge, 5*time.Minute)
	c.MaxIdle = cmp.Or(c.MaxIdle, 30*time.Second)
	t := &c.Timeouts
	t.Connect = cmp.Or(t.Connect, 30*time.Second)
	t.TLS = cmp.Or(t.TLS, 30*time.Second)
	t.Command = cmp.Or(t.Command, time.Minute)
	t.Block = cmp.Or(t.Block, time.Minute)
	t.Final = cmp.Or(t.Final, 10*time.Minute)
	t.Parting = cmp.Or(t.Parting, 5*time.Second)
	return c
}

// tlsConfig completes the base for this server.
func (c Config) tlsConfig() *tls.Config {
	t := c.TLS.Clone()
	if t == nil {
		t = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	t.ServerName = cmp.Or(t.ServerName, c.Host)
	if t.ClientSessionCache == nil {
		// A connection ends after MaxMails; the next need not begin from nothing.
		t.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	return t
}

func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// String is the configuration as a URL, defaults filled in and the password
// masked.
func (c Config) String() string {
	c = c.withDefaults()
	u := url.URL{Scheme: "smtp", Host: c.address()}
	if c.Username != "" {
		u.User = url.UserPassword(c.Username, c.Password)
	}
	q := url.Values{}
	if c.Security == Implicit {
		u.Scheme = "smtps"
	} else {
		q.Set("tls", c.Security.String())
	}
	if c.Auth != "" {
		q.Set("auth", c.Auth)
	}
	q.Set("pool", strconv.Itoa(c.Pool))
	q.Set("max", strconv.Itoa(c.MaxMails))
	q.Set("maxAge", c.MaxAge.String())
	u.RawQuery = q.Encode()
	return u.Redacted()
}

// GoString masks the password in %#v too.
func (c Config) GoString() string { return "smtp.Config(" + c.String() + ")" }

// LogValue masks the password in logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
