package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/web"
)

// logbook is what was logged so far.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(line))
	return len(line), nil
}

// count returns how many lines contain a word.
func (l *logbook) count(word string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		if strings.Contains(line, word) {
			n++
		}
	}
	return n
}

// listen starts a server on a free port. Its end is the test's business.
func listen(t *testing.T, handler http.Handler) (server *web.Server, served <-chan error) {
	t.Helper()
	server, err := web.Listen(t.Context(), web.ServerConfig{
		Address: "127.0.0.1:0", Handler: handler, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, serve(server)
}

func serve(server *web.Server) <-chan error {
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	return served
}

func TestServe(t *testing.T) {
	t.Parallel()
	server, served := listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "hello" {
		t.Errorf("%q, %v", body, err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}

	_, err = web.Listen(t.Context(), web.ServerConfig{Address: server.Addr().String(), Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), server.Addr().String()) {
		t.Errorf("a second server on the same address: %v", err)
	}

	if err := server.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// A server that was stopped before it served gives its address back.
func TestShutdownBeforeServe(t *testing.T) {
	t.Parallel()
	server, err := web.Listen(t.Context(), web.ServerConfig{Address: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Addr().String()); err == nil {
		connection.Close()
		t.Error("it still listens")
	}
	if err := server.Serve(); err != nil {
		t.Errorf("serve: %v", err)
	}
}

// waiting is a handler that holds its request until it is released.
type waiting struct{ entered, release chan struct{} }

func (h waiting) ServeHTTP(http.ResponseWriter, *http.Request) {
	close(h.entered)
	<-h.release
}

// request sends a request and reports what became of it.
func request(t *testing.T, server *web.Server) <-chan error {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		client := &http.Client{Transport: new(http.Transport)}
		defer client.CloseIdleConnections()
		response, err := client.Do(r)
		if err == nil {
			err = response.Body.Close()
		}
		done <- err
	}()
	return done
}

func TestShutdownWaits(t *testing.T) {
	t.Parallel()
	handler := waiting{make(chan struct{}), make(chan struct{})}
	server, served := listen(t, handler)
	answered := request(t, server)
	<-handler.entered
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(context.WithoutCancel(t.Context())) }()
	if err := <-served; err != nil { // nothing new is taken
		t.Errorf("serve: %v", err)
	}
	select {
	case err := <-stopped:
		t.Errorf("shutdown did not wait: %v", err)
	default:
	}
	close(handler.release)
	if err := <-answered; err != nil {
		t.Errorf("the request under way failed: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestShutdownEnds(t *testing.T) {
	t.Parallel()
	handler := waiting{make(chan struct{}), make(chan struct{})}
	server, served := listen(t, handler)
	answered := request(t, server)
	<-handler.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v, want %v", err, context.Canceled)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
	close(handler.release)
}

// pipes is a listener whose connections are made in memory, so that limits of
// time can be tested in no time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

// How long a caller may take for what, and how much it may send before it is
// known.
func TestLimits(t *testing.T) {
	t.Parallel()
	const post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
	for _, test := range []struct {
		name   string
		send   string
		after  time.Duration // the connection is closed
		answer string        // before that
	}{
		{"no header", "", 10 * time.Second, ""},
		{"half a header", "POST / HTTP/1.1\r\nHost: x\r\n", 10 * time.Second, ""},
		{"half a body", post + "half", 60 * time.Second, "HTTP/1.1 400 "},
		{"nothing after a request", post + "0123456789", 2 * time.Minute, "HTTP/1.1 200 "},
		{"a large header", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", time.Second, "HTTP/1.1 431 "},
		{"a header that is not too large", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 30<<10) + "\r\n\r\n", 2 * time.Minute, "HTTP/1.1 200 "},
	} {
		synctest.Test(t, func(t *testing.T) {
			listener := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
			server, err := web.ServerOn(listener, web.ServerConfig{
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						http.Error(w, "body", http.StatusBadRequest)
					}
				}),
				Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			served := serve(server)
			ours, theirs := net.Pipe()
			listener.conns <- theirs
			started := time.Now()
			go func() {
				// It fails where the server refuses before it read all.
				_, _ = io.WriteString(ours, test.send)
			}()
			got, _ := io.ReadAll(bufio.NewReader(ours))
			if elapsed := time.Since(started); elapsed < test.after-time.Second || elapsed > test.after+time.Second {
				t.Errorf("%s: closed after %v, want %v", test.name, elapsed, test.after)
			}
			if !strings.HasPrefix(string(got), test.answer) || (test.answer == "") != (len(got) == 0) {
				t.Errorf("%s: answer is %q, want %q", test.name, got, test.answer)
			}
			if err := ours.Close(); err != nil {
				t.Error(err)
			}
			if err := server.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
	}
}

// An answer that goes on for as long as it may learns of the stop, so that the
// stop need not wait for it.
func TestShutdownTellsLongAnswers(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	var server *web.Server
	ready := make(chan struct{})
	server, served := listen(t, http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) {
		<-ready
		close(begun)
		<-server.Closing()
	}))
	close(ready)
	select {
	case <-server.Closing():
		t.Fatal("closing before it is asked to")
	default:
	}
	asked := make(chan error, 1)
	go func() {
		response, err := http.Get("http://" + server.Addr().String())
		if err == nil {
			err = response.Body.Close()
		}
		asked <- err
	}()
	<-begun
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-asked; err != nil {
		t.Errorf("the answer was cut off: %v", err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}
