// Package outbound is the guarded way out to addresses that others have named:
// webhooks, gateways, directories. It refuses targets inside our own network,
// follows no redirects and uses no proxy of the environment.
//
// It knows HTTP and addresses. What is asked there, and what an answer means,
// is its callers' business.
package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

const (
	// Callers have deadlines of their own. These bound what goes on without
	// them: a connection under way is finished for the next request.
	dialTimeout      = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	// Balancers in front of servers commonly close what was idle for a minute.
	idleTimeout     = 55 * time.Second
	idlePerHost     = 128
	idleInAll       = 1024
	maxHeaderBytes  = 64 << 10
	sessionsPerHost = 256
	writeBuffer     = 16 << 10 // most notifications: header and body in one write
)

// Config says what a [Transport] may do. The zero value is the strict one.
type Config struct {
	// AllowPrivate lifts the check of addresses and allows http://.
	AllowPrivate bool
	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver
	// Roots are the authorities that certificates are verified with; nil is
	// the system's.
	Roots *x509.CertPool
}

// Transport makes requests over HTTP/1.1 and keeps connections for the next
// ones. A redirect is an answer like any other. It is safe for concurrent use.
//
// Every address is checked when it is connected to, after its name was looked
// up, so that a name which changes its mind gains nothing. A refused target is
// a [TargetError].
type Transport struct {
	inner        *http.Transport
	allowPrivate bool
}

// New returns a transport.
func New(cfg Config) *Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Resolver: cfg.Resolver}
	if !cfg.AllowPrivate {
		guard := newGuard()
		dialer.Control = func(network, address string, conn syscall.RawConn) error {
			if err := guard.Safe(network, address, conn); err != nil {
				return &TargetError{Target: address, Err: err}
			}
			return nil
		}
	}
	// One connection to a host, as with HTTP/2, would have all its requests
	// wait when that connection stalls; of these, each waits for its own.
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &Transport{
		allowPrivate: cfg.AllowPrivate,
		inner: &http.Transport{
			Proxy:       nil, // a proxy would connect where we may not
			DialContext: dialer.DialContext,
			TLSClientConfig: &tls.Config{
				MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots,
				ClientSessionCache: tls.NewLRUClientSessionCache(sessionsPerHost),
			},
			TLSHandshakeTimeout:    handshakeTimeout,
			Protocols:              http1,
			DisableCompression:     true, // answers are short
			MaxIdleConns:           idleInAll,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			WriteBufferSize:        writeBuffer,
		},
	}
}

// RoundTrip implements [http.RoundTripper]. The request's context bounds it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != schemeHTTPS && !t.allowPrivate {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, &TargetError{Target: r.URL.Host, Err: errNotHTTPS}
	}
	return t.inner.RoundTrip(r)
}

// CloseIdleConnections closes what is kept for later requests.
func (t *Transport) CloseIdleConnections() { t.inner.CloseIdleConnections() }

// Client returns a client that goes through the transport and returns
// redirects instead of following them.
func (t *Transport) Client() *http.Client {
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// TargetError refuses a target: it lies within our own network, or would be
// called without TLS.
type TargetError struct {
	Target string // host or address, with its port
	Err    error
}

func (e *TargetError) Error() string { return "refused to call " + e.Target + ": " + e.Err.Error() }
func (e *TargetError) Unwrap() error { return e.Err }

// IsRefused reports whether a request failed because its target is refused.
func IsRefused(err error) bool {
	var refused *TargetError
	return errors.As(err, &refused)
}

var errNotHTTPS = errors.New("it is not https")

// newGuard refuses all that is not on the public internet (the IANA registries
// of special addresses), any port allowed.
func newGuard() *ssrf.Guardian {
	return ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(
		// Azure's host agent: reached from every virtual machine there, with a
		// public address.
		netip.MustParsePrefix("168.63.129.16/32"),
	))
}
