package mailbox

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/internal/store"
	"github.com/postrider/postrider/internal/web/page"
)

// A stream shows that it lives, and ends before the server would cut it off.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), store.Config{
			URL: "sqlite:" + filepath.Join(t.TempDir(), "postrider.db"), Exclusive: true, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		handler := New(Config{
			Store: s, Layout: page.New(), SameOrigin: func(*http.Request) bool { return true }, LongestAnswer: 100 * time.Second,
			Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		})
		go func() {
			time.Sleep(31 * time.Second)
			if err := s.AddMail(t.Context(), gateway.Mail{ID: "0193", Subject: "Late"}, 10); err != nil {
				t.Error(err)
			}
		}()
		started := time.Now()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/mailbox/live", nil))
		if took := time.Since(started); took < 99*time.Second || took > 101*time.Second {
			t.Errorf("it went on for %v", took)
		}
		body := w.Body.String()
		if got := strings.Count(body, ": still here\n\n"); got != 6 {
			t.Errorf("%d heartbeats in 100 s", got)
		}
		if !strings.HasPrefix(body, "retry: 1000\n\n") || !strings.Contains(body, "\nid: 1\ndata: <li") {
			t.Errorf("the stream is:\n%s", body)
		}
	})
}
