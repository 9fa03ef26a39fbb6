// Package hook is a custom provider that takes every notification and keeps
// none: the same for the engine and for the raw loop beside it, and as cheap as
// it can be, for it shares the cores with them.
package hook

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Stats is what a hook has seen so far.
type Stats struct {
	Uptime      time.Duration `json:"uptime"` // by the monotonic clock
	Calls       int64         `json:"calls"`  // answered 200
	Bytes       int64         `json:"bytes"`  // of their bodies
	Connections int64         `json:"connections"`
}

// Server is a hook. Use [New].
type Server struct {
	started     time.Time
	calls       atomic.Int64
	bytes       atomic.Int64
	connections atomic.Int64
	sample      atomic.Pointer[[]byte]
}

// New returns a hook that counts from now on.
func New() *Server { return &Server{started: time.Now()} }

// Stats returns what has been seen so far.
func (s *Server) Stats() Stats {
	return Stats{time.Since(s.started), s.calls.Load(), s.bytes.Load(), s.connections.Load()}
}

// Control returns the handler by which a hook in a process of its own is asked:
// GET /stats, and GET /sample for the body of the first call.
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(s.Stats()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /sample", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if sample := s.sample.Load(); sample != nil {
			_, _ = w.Write(*sample) // the asker may be gone
		}
	})
	return mux
}

// Serve takes connections until the listener is closed.
func (s *Server) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		s.connections.Add(1)
		go func() {
			defer c.Close()
			_ = s.talk(c) // a client that goes away is no fault
		}()
	}
}

// answer is what a custom provider of the documentation answers.
const answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 43\r\n\r\n" +
	`{"message":"Webhook received successfully"}`

func (s *Server) talk(c net.Conn) error {
	r := bufio.NewReaderSize(c, 16<<10)
	for {
		length, err := head(r)
		if err != nil {
			return err
		}
		if s.sample.Load() == nil {
			body := make([]byte, length)
			if _, err := io.ReadFull(r, body); err != nil {
				return err
			}
			s.sample.CompareAndSwap(nil, &body)
		} else if _, err := r.Discard(length); err != nil {
			return err
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return err
		}
		s.bytes.Add(int64(length))
		s.calls.Add(1)
	}
}

var contentLength = []byte("content-length:")

// head reads the head of an HTTP/1.1 request and returns how long its body is.
func head(r *bufio.Reader) (length int, err error) {
	length = -1
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case first && !bytes.HasPrefix(line, []byte("POST ")):
			return 0, errors.New("not a POST")
		case len(line) == 0 && length < 0:
			return 0, errors.New("a request without Content-Length")
		case len(line) == 0:
			return length, nil
		case len(line) > len(contentLength) && bytes.EqualFold(line[:len(contentLength)], contentLength):
			length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):])))
			if err != nil || length < 0 {
				return 0, errors.New("an unusable Content-Length")
			}
		}
	}
}
