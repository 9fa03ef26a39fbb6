package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// transcript takes what a process writes, and lets tests wait for what it says.
type transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	news  chan struct{} // closed at the next write; nil if nobody waits
	ended bool
}

// Write implements [io.Writer].
func (tr *transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.text.Write(p)
	tr.wake()
	return len(p), nil
}

// end says that nothing more will come.
func (tr *transcript) end() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.ended = true
	tr.wake()
}

func (tr *transcript) wake() {
	if tr.news != nil {
		close(tr.news)
		tr.news = nil
	}
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}

// await returns once the text satisfies the condition.
func (tr *transcript) await(ctx context.Context, what string, condition func(text string) bool) error {
	for {
		tr.mu.Lock()
		text, ended := tr.text.String(), tr.ended
		if tr.news == nil {
			tr.news = make(chan struct{})
		}
		news := tr.news
		tr.mu.Unlock()
		if condition(text) {
			return nil
		}
		if ended {
			return fmt.Errorf("wait for %s: the process has ended", what)
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}

// record is one line of a JSON log.
type record map[string]any

func (r record) text(key string) string {
	s, _ := r[key].(string)
	return s
}

// records returns the complete lines of a JSON log. What is no JSON becomes a
// record with the line as its msg.
func records(log string) []record {
	var all []record
	lines := strings.Split(log, "\n")
	for _, line := range lines[:len(lines)-1] {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			r = record{"msg": line}
		}
		all = append(all, r)
	}
	return all
}

// find returns the first record whose message begins like that.
func find(log, message string) (record, bool) {
	for _, r := range records(log) {
		if strings.HasPrefix(r.text("msg"), message) {
			return r, true
		}
	}
	return nil, false
}
