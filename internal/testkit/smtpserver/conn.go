package smtpserver

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// conn stands between the socket and go-smtp. It gives go-smtp one command at
// a time, in the clear, so that it can answer in its place; and it holds
// replies back while there are more commands to read, as a server that offers
// PIPELINING should (RFC 2920, section 3.2).
//
// Read and Write are called by go-smtp's goroutine for the connection.
type conn struct {
	net.Conn  // TCP
	server    *Server
	number    int
	in        *bufio.Reader
	encrypted bool
	hungUp    bool
	greeted   bool

	line      []byte // what go-smtp has yet to read of the last command
	challenge bool   // the next line is a response to AUTH, not a command
	data      bool   // what follows is content
	chunk     int    // octets of content that follow a BDAT
	matched   int    // octets of endOfData seen
	params    string // of the last MAIL FROM

	reply     []byte // what go-smtp has written of a reply
	answering Step   // what it is a reply to
	action    Action // what to do with it

	busy atomic.Bool // a mail is under way, or none was yet

	mu   sync.Mutex // for those who close it from outside
	wire net.Conn   // TCP or TLS
	out  []byte     // held back
	once sync.Once
}

const (
	endOfData = "\r\n.\r\n"
	// The command line before the content ends in the first two of them.
	lineBegins = 2
)

func newConn(s *Server, tcp net.Conn, number int) *conn {
	c := &conn{Conn: tcp, server: s, number: number, wire: tcp}
	if s.cfg.TLS == Implicit {
		c.wire, c.encrypted = tls.Server(tcp, s.tls), true
	}
	c.in = bufio.NewReaderSize(c.wire, 64<<10)
	c.busy.Store(true)
	return c
}

// Read gives go-smtp the rest of a command, the next command that it is to
// obey, or content up to its end.
func (c *conn) Read(p []byte) (int, error) {
	if c.hungUp {
		return 0, io.EOF // whatever the client has sent ahead
	}
	for len(c.line) == 0 {
		if c.chunk > 0 {
			return c.readChunk(p)
		}
		if c.data {
			return c.readData(p)
		}
		if err := c.nextCommand(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.line)
	c.line = c.line[n:]
	return n, nil
}

func (c *conn) nextCommand() error {
	if buffered, _ := c.in.Peek(c.in.Buffered()); !bytes.ContainsRune(buffered, '\n') {
		if err := c.flush(); err != nil {
			return err
		}
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if c.challenge {
		c.challenge, c.line = false, line
		return nil
	}
	step := stepOf(string(line))
	action := c.server.reached(step)
	if step == MAIL {
		c.busy.Store(true)
		_, params, _ := strings.Cut(string(line), ">")
		c.params = strings.TrimSpace(params)
	}
	cfg := &c.server.cfg
	inClear := cfg.TLS == StartTLS && !c.encrypted
	switch {
	case c.in.Buffered() > 0 && (cfg.NoPipelining && step != BDAT || lastOfGroup(step)):
		return c.say([]byte(format(554, "5.5.1 improper command pipelining")), Action{hangUp: true})
	case !action.dutiful():
		if step == BDAT && !action.stall { // the chunk follows the command even if that is refused
			if _, err := io.CopyN(io.Discard, c.in, int64(chunkSize(string(line)))); err != nil {
				return err
			}
		}
		return c.perform(action)
	case step == EHLO && cfg.NoEHLO:
		return c.say([]byte(format(502, "5.5.1 what?")), action)
	case step == STARTTLS && inClear:
		return c.startTLS(action)
	case inClear && (step == AUTH || step == MAIL && cfg.RequireTLS):
		return c.say([]byte(format(530, "5.7.0 Must issue a STARTTLS command first")), action)
	}
	if step == BDAT {
		c.chunk = chunkSize(string(line))
		line = bytes.Clone(line) // what is read behind it may take its place
	}
	c.line, c.answering, c.action = line, step, action
	return nil
}

// chunkSize is the number in a BDAT command; 0 if there is none.
func chunkSize(line string) int {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return 0
	}
	n, err := strconv.Atoi(fields[1])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// readChunk gives go-smtp the octets of a chunk, and nothing of what comes
// behind it.
func (c *conn) readChunk(p []byte) (int, error) {
	if c.in.Buffered() == 0 {
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	n, err := c.in.Read(p[:min(len(p), c.chunk)])
	c.chunk -= n
	return n, err
}

// lastOfGroup: nothing may be sent behind these before their reply (RFC 2920,
// section 3.1).
func lastOfGroup(step Step) bool {
	return slices.Contains([]Step{EHLO, HELO, STARTTLS, AUTH, DATA, QUIT, NOOP}, step)
}

// readData gives go-smtp content, and nothing of what comes behind it.
func (c *conn) readData(p []byte) (int, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	if _, err := c.in.Peek(1); err != nil {
		return 0, err
	}
	buffered, _ := c.in.Peek(min(c.in.Buffered(), len(p)))
	n, ended := c.scan(buffered)
	c.data = !ended
	copy(p, buffered[:n])
	return c.in.Discard(n)
}

// scan looks for the end of the content; n is how many octets belong to it.
func (c *conn) scan(text []byte) (n int, ended bool) {
	for n < len(text) {
		if c.matched == 0 {
			i := bytes.IndexByte(text[n:], endOfData[0])
			if i < 0 {
				return len(text), false
			}
			n += i
		}
		switch text[n] {
		case endOfData[c.matched]:
			c.matched++
		case endOfData[0]:
			c.matched = 1
		default:
			c.matched = 0
		}
		n++
		if c.matched == len(endOfData) {
			return n, true
		}
	}
	return n, false
}

// perform does what the script wants in place of the command's duty.
func (c *conn) perform(a Action) error {
	if a.stall {
		return c.stall()
	}
	if err := c.say([]byte(a.reply), a); err != nil || a.swallow == "" {
		return err
	}
	c.data, c.matched = true, lineBegins
	for c.data {
		var block [4096]byte
		if _, err := c.readData(block[:]); err != nil {
			return err
		}
	}
	return c.say([]byte(a.swallow), a)
}

// stall waits until the client has gone.
func (c *conn) stall() error {
	if err := c.flush(); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, c.in)
	return io.EOF
}

// Write takes a reply from go-smtp, line by line, and passes it on when it is
// complete.
func (c *conn) Write(p []byte) (int, error) {
	c.reply = append(c.reply, p...)
	if !complete(c.reply) {
		return len(p), nil
	}
	if !c.greeted {
		c.greeted = true
		c.answering, c.action = Greeting, c.server.reached(Greeting)
		if c.action.stall {
			return 0, c.stall()
		}
	}
	text, action := c.reply, c.action
	if c.answering == EHLO {
		text = c.offer(text)
	}
	switch {
	case action.reply != "":
		text = []byte(action.reply)
	case action.hangUp && (action.mute || !action.obey):
		text = nil
	case bytes.HasPrefix(text, []byte("354")):
		c.data, c.matched = true, lineBegins
	case bytes.HasPrefix(text, []byte("334")):
		c.challenge = true
	}
	c.reply, c.answering, c.action = c.reply[:0], "", Action{}
	if err := c.say(text, action); err != nil {
		return 0, err
	}
	return len(p), nil
}

// complete reports whether the last line of a reply is there.
func complete(reply []byte) bool {
	if !bytes.HasSuffix(reply, []byte("\r\n")) {
		return false
	}
	last := reply[bytes.LastIndexByte(reply[:len(reply)-2], '\n')+1:]
	return len(last) > 3 && last[3] == ' '
}

// offer makes the EHLO reply what the configuration says.
func (c *conn) offer(reply []byte) []byte {
	cfg := &c.server.cfg
	inClear := cfg.TLS == StartTLS && !c.encrypted
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSuffix(string(reply), "\r\n"), "\r\n") {
		name, _, _ := strings.Cut(line[4:], " ")
		if name == "PIPELINING" && cfg.NoPipelining || name == "8BITMIME" && cfg.No8BitMIME ||
			name == "SIZE" && cfg.NoSize || name == "CHUNKING" && !cfg.Chunking || name == "AUTH" && inClear {
			continue
		}
		lines = append(lines, line[4:])
	}
	if inClear {
		lines = append(lines, "STARTTLS")
	}
	return []byte(format(250, strings.Join(lines, "\n")))
}

// say sends text, or holds it back, in the manner that the action asks for.
// After hanging up it returns io.EOF.
func (c *conn) say(text []byte, a Action) error {
	if a.drip > 0 {
		if err := c.flush(); err != nil {
			return err
		}
		for i := range text {
			time.Sleep(a.drip)
			if _, err := c.wire.Write(text[i : i+1]); err != nil {
				return err
			}
		}
		text = nil
	}
	c.enqueue(text)
	if a.hangUp {
		c.hungUp = true
		_ = c.Close()
		return io.EOF
	}
	return nil
}

func (c *conn) enqueue(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(c.out, text...)
}

func (c *conn) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.wire.Write(c.out)
	c.out = c.out[:0]
	return err
}

func (c *conn) startTLS(a Action) error {
	if err := c.say([]byte(format(220, "2.0.0 Ready to start TLS")), a); err != nil {
		return err
	}
	if err := c.flush(); err != nil {
		return err
	}
	t := tls.Server(c.Conn, c.server.tls)
	if err := t.Handshake(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire, c.encrypted = t, true
	c.in.Reset(t)
	return nil
}

// Close sends what was held back and closes the connection.
func (c *conn) Close() error {
	c.once.Do(func() {
		_ = c.flush()
		c.mu.Lock()
		wire := c.wire
		c.mu.Unlock()
		_ = wire.Close()
		c.server.gone(c)
	})
	return nil
}
