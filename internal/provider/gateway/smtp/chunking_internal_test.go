package smtp

import (
	"net"
	"testing"
	"time"
)

// Only over a connection that was in use a moment ago a mail goes out in one
// go: who has just answered is there.
func TestInOneGoNeedsAFreshConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	tcp, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tcp.Close() }()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()

	long := time.Now().Add(-2 * momentAgo)
	for name, test := range map[string]struct {
		born, rested time.Time
		offers       offers
		size         int
		want         way
	}{
		"just opened":      {born: time.Now(), offers: offers{chunking: true, pipelining: true}, want: inOneGo},
		"just used":        {born: long, rested: time.Now(), offers: offers{chunking: true, pipelining: true}, want: inOneGo},
		"not used":         {born: long, offers: offers{chunking: true, pipelining: true}, want: byDATA},
		"used long ago":    {born: long, rested: long, offers: offers{chunking: true, pipelining: true}, want: byDATA},
		"a large mail":     {born: time.Now(), offers: offers{chunking: true, pipelining: true}, size: mostInOneGo + 1, want: byDATA},
		"no pipelining":    {born: long, offers: offers{chunking: true}, size: mostInOneGo + 1, want: byBDAT},
		"no chunking":      {born: time.Now(), offers: offers{pipelining: true}, want: byDATA},
		"nothing is there": {born: time.Now(), want: byDATA},
	} {
		c := newConn(&Config{}, &lessons{}, tcp)
		c.born, c.rested, c.offers = test.born, test.rested, test.offers
		if got := c.choose(test.size); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
