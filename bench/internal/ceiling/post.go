package ceiling

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Post posts a ready-made body for the given time over so many connections
// that stay open, with a usual HTTP client, and returns how often it was taken:
// what the way out to a provider can do at most when nothing is decided, stored
// or written down.
func Post(ctx context.Context, url string, body []byte, connections int, d time.Duration) (int64, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}
	defer transport.CloseIdleConnections()
	until := time.Now().Add(d)
	var taken atomic.Int64
	var failed error
	var once sync.Once
	var posters sync.WaitGroup
	for range connections {
		posters.Go(func() {
			for ctx.Err() == nil && time.Now().Before(until) {
				if err := postOnce(ctx, transport, url, body); err != nil {
					once.Do(func() { failed = err })
					return
				}
				taken.Add(1)
			}
		})
	}
	posters.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return taken.Load(), failed
}

func postOnce(ctx context.Context, transport http.RoundTripper, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("post: %w", err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("post: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("post: answered %s", resp.Status)
	}
	return nil
}
