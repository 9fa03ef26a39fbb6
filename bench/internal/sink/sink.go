// Package sink is an SMTP server that takes every mail and keeps none: the
// same for all that are measured, and as cheap as it can be, for it shares
// the cores with them.
package sink

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Stats is what a sink has seen so far.
type Stats struct {
	At          time.Time     `json:"at"`
	Uptime      time.Duration `json:"uptime"` // by the monotonic clock
	Mails       int64         `json:"mails"`
	Bytes       int64         `json:"bytes"` // of the mails, as on the wire without the final dot
	Smallest    int64         `json:"smallest"`
	Largest     int64         `json:"largest"`
	Connections int64         `json:"connections"` // since the start
	Open        int64         `json:"open"`
}

// Server is a sink. Use [New].
type Server struct {
	started     time.Time
	mails       atomic.Int64
	bytes       atomic.Int64
	connections atomic.Int64
	open        atomic.Int64
	sample      atomic.Pointer[[]byte]

	mu       sync.Mutex
	smallest int64
	largest  int64
	paused   chan struct{} // closed when it goes on; nil while it goes
}

// New returns a sink that counts from now on.
func New() *Server { return &Server{started: time.Now()} }

// Stats returns what has been seen so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	return Stats{
		At: now, Uptime: now.Sub(s.started), Mails: s.mails.Load(), Bytes: s.bytes.Load(),
		Smallest: s.smallest, Largest: s.largest,
		Connections: s.connections.Load(), Open: s.open.Load(),
	}
}

// Sample returns the first mail, to see what is being measured.
func (s *Server) Sample() []byte {
	if sample := s.sample.Load(); sample != nil {
		return *sample
	}
	return nil
}

// Pause holds back the answer to every mail from now on: clients wait, and
// nothing fails.
func (s *Server) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused == nil {
		s.paused = make(chan struct{})
	}
}

// Resume ends a pause.
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused != nil {
		close(s.paused)
		s.paused = nil
	}
}

func (s *Server) gate() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused
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
		s.open.Add(1)
		go func() {
			defer s.open.Add(-1)
			defer c.Close()
			// A client that goes away is no fault.
			_ = s.talk(c)
		}()
	}
}

// dialogue is one connection.
type dialogue struct {
	r *bufio.Reader
	w *bufio.Writer
}

// A mail fits whole, so that its end is mostly found at the first look.
const bufferSize = 64 << 10

func (s *Server) talk(c net.Conn) error {
	d := &dialogue{bufio.NewReaderSize(c, bufferSize), bufio.NewWriterSize(c, 4<<10)}
	d.say("220 sink.localhost ESMTP\r\n")
	for {
		line, err := d.command()
		if err != nil {
			return err
		}
		switch verb(line) {
		case "EHLO":
			d.say("250-sink.localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n")
		case "HELO":
			d.say("250 sink.localhost\r\n")
		case "MAIL", "RCPT", "RSET", "NOOP":
			d.say("250 2.0.0 OK\r\n")
		case "DATA":
			d.say("354 Go ahead\r\n")
			if err := s.mail(d); err != nil {
				return err
			}
			d.say("250 2.0.0 OK: taken and forgotten\r\n")
		case "QUIT":
			d.say("221 2.0.0 Bye\r\n")
			return d.w.Flush()
		default:
			d.say("502 5.5.1 Not known here\r\n")
		}
	}
}

// say writes into a buffer, which cannot fail before it is flushed.
func (d *dialogue) say(reply string) { _, _ = d.w.WriteString(reply) }

// command returns the next line. Replies go out when there is nothing more to
// read: a client that pipelines gets them in one packet.
func (d *dialogue) command() ([]byte, error) {
	if d.r.Buffered() == 0 {
		if err := d.w.Flush(); err != nil {
			return nil, err
		}
	}
	return d.r.ReadSlice('\n')
}

// verb returns the first four letters in upper case.
func verb(line []byte) string {
	if len(line) < 4 {
		return ""
	}
	v := [4]byte(line)
	for i := range v {
		if 'a' <= v[i] && v[i] <= 'z' {
			v[i] -= 'a' - 'A'
		}
	}
	return string(v[:])
}

// mail reads to the final dot (RFC 5321, section 4.1.1.4) and counts.
func (s *Server) mail(d *dialogue) error {
	if err := d.w.Flush(); err != nil {
		return err
	}
	var keep []byte
	first := s.sample.Load() == nil
	size, err := d.data(func(chunk []byte) {
		if first {
			keep = append(keep, chunk...)
		}
	})
	if err != nil {
		return err
	}
	if gate := s.gate(); gate != nil {
		<-gate
	}
	if first {
		s.sample.CompareAndSwap(nil, &keep)
	}
	s.count(size)
	return nil
}

var finalDot = []byte("\r\n.\r\n")

// data passes on what comes before the final dot, in pieces, and returns its
// length.
func (d *dialogue) data(pass func([]byte)) (size int64, err error) {
	// A dot on the very first line ends an empty mail.
	head, err := d.r.Peek(3)
	if err != nil {
		return 0, err
	}
	if string(head) == ".\r\n" {
		_, err := d.r.Discard(3)
		return 0, err
	}
	for {
		buffered, err := d.r.Peek(d.r.Buffered())
		if err != nil {
			return 0, err
		}
		if i := bytes.Index(buffered, finalDot); i >= 0 {
			i += 2 // the line break before the dot is the mail's
			pass(buffered[:i])
			_, err := d.r.Discard(i + 3)
			return size + int64(i), err
		}
		// What may be the beginning of the end stays.
		done := max(0, len(buffered)-len(finalDot)+1)
		pass(buffered[:done])
		size += int64(done)
		if _, err := d.r.Discard(done); err != nil {
			return 0, err
		}
		if _, err := d.r.Peek(d.r.Buffered() + 1); err != nil {
			return 0, errors.Join(err, io.ErrUnexpectedEOF)
		}
	}
}

func (s *Server) count(size int64) {
	s.bytes.Add(size)
	s.mails.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.smallest == 0 || size < s.smallest {
		s.smallest = size
	}
	s.largest = max(s.largest, size)
}
