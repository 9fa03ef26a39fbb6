package outbound_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/postrider/postrider/internal/outbound"
)

// endpoint is a server that counts connections and requests.
type endpoint struct {
	*httptest.Server
	connections, requests atomic.Int64
}

func newEndpoint(t *testing.T, tls bool, handler http.HandlerFunc) *endpoint {
	t.Helper()
	e := &endpoint{}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.requests.Add(1)
		if handler != nil {
			handler(w, r)
		}
	}))
	e.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that break off are what is tested
	e.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			e.connections.Add(1)
		}
	}
	if tls {
		e.StartTLS()
	} else {
		e.Start()
	}
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(e.Certificate())
	return pool
}

// on returns the endpoint's URL with another host, the port kept.
func (e *endpoint) on(host string) string {
	_, port, _ := net.SplitHostPort(e.Listener.Addr().String())
	scheme, _, _ := strings.Cut(e.URL, ":")
	return scheme + "://" + net.JoinHostPort(host, port)
}

// get makes a request through the transport and returns its status.
func get(ctx context.Context, transport http.RoundTripper, url string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func newTransport(t *testing.T, cfg outbound.Config) *outbound.Transport {
	t.Helper()
	transport := outbound.New(cfg)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func TestRefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	server := newEndpoint(t, true, nil)
	transport := newTransport(t, outbound.Config{Roots: server.roots()})
	for _, host := range []string{
		"127.0.0.1", "localhost", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "0.0.0.0",
		"168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
		"64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001::7f00:1", "2001:db8::1", "100::1", "5f00::1",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			_, err := get(t.Context(), transport, server.on(host))
			var refused *outbound.TargetError
			if !outbound.IsRefused(err) || !errors.As(err, &refused) {
				t.Fatalf("got %v, want a refused target", err)
			}
			if refused.Unwrap() == nil || refused.Target == "" {
				t.Errorf("%#v does not say what and why", refused)
			}
		})
	}
	t.Cleanup(func() {
		if n := server.connections.Load(); n > 0 {
			t.Errorf("%d connections were made", n)
		}
	})
}

func TestAllowPrivate(t *testing.T) {
	t.Parallel()
	transport := newTransport(t, outbound.Config{AllowPrivate: true})
	server := newEndpoint(t, false, nil)
	if status, err := get(t.Context(), transport, server.URL); status != http.StatusOK || err != nil {
		t.Errorf("got %d, %v", status, err)
	}
}

func TestRefusesPlainHTTP(t *testing.T) {
	t.Parallel()
	body := &closing{Reader: strings.NewReader("x")}
	r, err := http.NewRequest(http.MethodPost, "http://hooks.example.org/", body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newTransport(t, outbound.Config{}).RoundTrip(r); !outbound.IsRefused(err) {
		t.Errorf("got %v", err)
	}
	if !body.closed {
		t.Error("the body was not closed")
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// A name passes every check of its text; where it leads is decided by whoever
// answers for it, and may change between two questions.
func TestRefusesNamesThatLeadInside(t *testing.T) {
	t.Parallel()
	server := newEndpoint(t, true, nil)
	for _, test := range []struct {
		name    string
		answers []string
	}{
		{"loopback", []string{"127.0.0.1"}},
		{"IPv6 loopback", []string{"::1"}},
		{"several", []string{"10.0.0.1", "169.254.169.254", "fd00::1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url := server.on("hooks.example.org")
			if err := outbound.CheckURL(url, false); err != nil {
				t.Fatal(err)
			}
			transport := newTransport(t, outbound.Config{Resolver: newDNS(t, test.answers...), Roots: server.roots()})
			if _, err := get(t.Context(), transport, url); !outbound.IsRefused(err) {
				t.Errorf("got %v, want a refused target", err)
			}
			if server.connections.Load() > 0 {
				t.Error("it was connected to")
			}
		})
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	t.Parallel()
	other := newEndpoint(t, false, nil)
	server := newEndpoint(t, false, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	transport := newTransport(t, outbound.Config{AllowPrivate: true})
	if status, err := get(t.Context(), transport, server.URL); status != http.StatusTemporaryRedirect || err != nil {
		t.Errorf("the transport got %d, %v", status, err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("the client got %d", response.StatusCode)
	}
	if other.requests.Load() > 0 {
		t.Error("the redirect was followed")
	}
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	proxy := newEndpoint(t, false, nil)
	server := newEndpoint(t, false, nil)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	transport := newTransport(t, outbound.Config{AllowPrivate: true, Resolver: newDNS(t, "127.0.0.1")})
	if _, err := get(t.Context(), transport, server.on("hooks.example.org")); err != nil {
		t.Fatal(err)
	}
	if proxy.requests.Load() != 0 || server.requests.Load() != 1 {
		t.Errorf("%d requests at the proxy, %d at the server", proxy.requests.Load(), server.requests.Load())
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	t.Parallel()
	server := newEndpoint(t, true, nil)
	untrusting := newTransport(t, outbound.Config{AllowPrivate: true})
	_, err := get(t.Context(), untrusting, server.URL)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
	trusting := newTransport(t, outbound.Config{AllowPrivate: true, Roots: server.roots(), Resolver: newDNS(t, "127.0.0.1")})
	if _, err := get(t.Context(), trusting, server.URL); err != nil {
		t.Error(err)
	}
	var name x509.HostnameError
	if _, err := get(t.Context(), trusting, server.on("hooks.example.net")); !errors.As(err, &name) {
		t.Errorf("another's certificate: %v", err)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const parallel, each = 64, 20
	// All of the first round are answered when all have come, so that each
	// needs a connection of its own.
	var came atomic.Int64
	all := make(chan struct{})
	server := newEndpoint(t, true, func(http.ResponseWriter, *http.Request) {
		if came.Add(1) == parallel {
			close(all)
		}
		<-all
	})
	transport := newTransport(t, outbound.Config{AllowPrivate: true, Roots: server.roots()})
	round := func(n int) {
		var group sync.WaitGroup
		for range parallel {
			group.Go(func() {
				for range n {
					if _, err := get(t.Context(), transport, server.URL); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
	}
	round(1)
	before := server.connections.Load()
	round(each)
	if n := server.connections.Load() - before; n > 0 {
		t.Errorf("%d more connections for %d requests, %d at a time, with %d there", n, parallel*each, parallel, before)
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	server := newEndpoint(t, false, func(http.ResponseWriter, *http.Request) { <-end })
	t.Cleanup(func() { close(end) }) // before the server's own
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	transport := newTransport(t, outbound.Config{AllowPrivate: true})
	if _, err := get(ctx, transport, server.URL); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// newDNS returns a resolver whose server answers every question with the same
// addresses.
func newDNS(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if reply, err := answer(packet[:n], answers); err == nil {
				conn.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func answer(packet []byte, answers []string) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		return nil, err
	}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	for _, question := range m.Questions {
		header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}
		for _, a := range answers {
			ip := netip.MustParseAddr(a)
			switch {
			case question.Type == dnsmessage.TypeA && ip.Is4():
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
			case question.Type == dnsmessage.TypeAAAA && ip.Is6():
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
			}
		}
	}
	return m.Pack()
}
