package gate_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/web/gate"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"direct", "203.0.113.9:1234", nil, "203.0.113.9"},
		{"direct, and lying", "203.0.113.9:1234", []string{"192.0.2.1"}, "203.0.113.9"},
		{"from this machine", "127.0.0.1:1234", nil, "127.0.0.1"},
		{"behind a proxy", "127.0.0.1:1234", []string{"192.0.2.1"}, "192.0.2.1"},
		{"behind a proxy, and lying to it", "10.1.2.3:1234", []string{"198.51.100.7, 192.0.2.1"}, "192.0.2.1"},
		{"in two fields", "10.1.2.3:1234", []string{"198.51.100.7", "192.0.2.1"}, "192.0.2.1"},
		{"IPv6", "[::1]:1234", []string{"2001:db8::1%eth0"}, "2001:db8::1"},
		{"nonsense", "10.1.2.3:1234", []string{"unknown"}, "10.1.2.3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = test.remote
			r.Header["X-Forwarded-For"] = test.forwarded
			if got := gate.Address(r); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// Wherever somebody wishes to go after signing in, it is one of our own pages.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{"", "/dashboard", "/mailbox?to=a", "//evil.example", "/\\evil", "https://evil.example/dashboard", "/dashboard/../v3", "/dashboard\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, wish string) {
		next := gate.Next(wish)
		if !strings.HasPrefix(next, "/dashboard") && !strings.HasPrefix(next, "/mailbox") || strings.ContainsAny(next, "\r\n\\") {
			t.Errorf("%q leads to %q", wish, next)
		}
	})
}
