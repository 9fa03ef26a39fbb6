package postgres

import (
	"bytes"
	"sync"
)

// startLog takes what a server logs, keeps it until the server is ready, and
// says when it is.
type startLog struct {
	ready chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
	done bool
}

func newStartLog() *startLog { return &startLog{ready: make(chan struct{})} }

// Write implements [io.Writer].
func (l *startLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return len(p), nil
	}
	l.text.Write(p)
	if bytes.Contains(l.text.Bytes(), []byte("database system is ready to accept connections")) {
		l.done = true
		close(l.ready)
	}
	return len(p), nil
}

func (l *startLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
