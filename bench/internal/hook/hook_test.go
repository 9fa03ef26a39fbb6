package hook_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/bench/internal/ceiling"
	"github.com/postrider/postrider/bench/internal/hook"
)

// start runs a hook and returns it with its URL.
func start(t *testing.T) (*hook.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := hook.New()
	go s.Serve(l)
	return s, "http://" + l.Addr().String() + "/notify"
}

// Usual clients are answered as by any server, on a connection that stays.
func TestTakesCalls(t *testing.T) {
	t.Parallel()
	s, url := start(t)
	bodies := []string{`{"first":true}`, strings.Repeat("x", 100_000), ""}
	total := 0
	for _, body := range bodies {
		resp, err := http.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || string(got) != `{"message":"Webhook received successfully"}` {
			t.Errorf("answered %s %q, %v", resp.Status, got, err)
		}
		total += len(body)
	}
	if got := s.Stats(); got.Calls != 3 || got.Bytes != int64(total) || got.Connections != 1 {
		t.Errorf("counted %+v, want 3 calls and %d bytes on 1 connection", got, total)
	}
	w := httptest.NewRecorder()
	s.Control().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sample", http.NoBody))
	if w.Body.String() != bodies[0] {
		t.Errorf("sample is %q, want the first body", w.Body)
	}
}

// The raw loop calls as often as it says, over as many connections.
func TestLoopCallsAsItCounts(t *testing.T) {
	t.Parallel()
	s, url := start(t)
	const body = `{"data":{}}`
	made, err := ceiling.Post(t.Context(), url, []byte(body), 3, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Stats(); made == 0 || got.Calls != made || got.Bytes != made*int64(len(body)) || got.Connections != 3 {
		t.Errorf("made %d calls, the hook saw %+v", made, got)
	}
}
