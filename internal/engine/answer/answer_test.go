package answer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

// ask makes one exchange with a sink that answers as scripted.
func ask(t *testing.T, script webhooksink.Answer, timeout time.Duration) answer.Answer {
	t.Helper()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Always(script)
	return exchange(t.Context(), t, outbound.Config{AllowPrivate: true}, sink.URL("/hook?secret=x"), timeout)
}

func exchange(ctx context.Context, t *testing.T, cfg outbound.Config, url string, timeout time.Duration) answer.Answer {
	t.Helper()
	transport := outbound.New(cfg)
	t.Cleanup(transport.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	x := answer.Exchange{Transport: transport, Clock: time.Now, Timeout: timeout}
	return x.Do(ctx, r)
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		script  webhooksink.Answer
		verdict answer.Verdict
		reason  chat.Reason
		alive   bool
		text    string
	}{
		{"200", webhooksink.Status(200), answer.Delivered, "", true, `200 OK: {"message":"OK"}`},
		{"202", webhooksink.Body(202, ""), answer.Delivered, "", true, "202 Accepted"},
		{"204", webhooksink.Status(204), answer.Delivered, "", true, "204 No Content"},
		{"304", webhooksink.Status(304), answer.Refused, chat.ReasonRejected, true, "304"},
		{"307", webhooksink.Redirect("https://example.org/"), answer.Refused, chat.ReasonRejected, true, "307"},
		{"400", webhooksink.Status(400), answer.Refused, chat.ReasonRejected, true, "400"},
		{"401", webhooksink.Status(401), answer.Refused, chat.ReasonRejected, true, "401"},
		{"404", webhooksink.Status(404), answer.Refused, chat.ReasonNotFound, true, "404"},
		{"410", webhooksink.Status(410), answer.Refused, chat.ReasonNotFound, true, "410"},
		{"408", webhooksink.Status(408), answer.Temporary, chat.ReasonRejected, true, "408"},
		{"425", webhooksink.Status(425), answer.Temporary, chat.ReasonRejected, true, "425"},
		{"429", webhooksink.Status(429), answer.Temporary, chat.ReasonRejected, true, "429"},
		{"500", webhooksink.Status(500), answer.Temporary, chat.ReasonRejected, false, "500"},
		{"503", webhooksink.Status(503), answer.Temporary, chat.ReasonRejected, false, "503"},
		{"599", webhooksink.Body(599, "odd"), answer.Temporary, chat.ReasonRejected, false, "599: odd"},
		{"hang", webhooksink.Hang(), answer.Temporary, chat.ReasonTimedOut, false, "no answer within "},
		{"hang up", webhooksink.HangUp(), answer.Temporary, chat.ReasonRejected, false, "EOF"},
		{"garbage", webhooksink.Garbage(), answer.Temporary, chat.ReasonRejected, false, "malformed HTTP"},
		{"body breaks off after 200", webhooksink.HangInBody(200, "begin"), answer.Delivered, "", true, "200 OK: begin"},
		{"body breaks off after 503", webhooksink.HangInBody(503, "begin"), answer.Temporary, chat.ReasonRejected, false, "503 Service Unavailable: begin"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			timeout := 10 * time.Second
			if strings.Contains(test.name, "hang") && test.name != "hang up" || strings.Contains(test.name, "breaks") {
				timeout = 200 * time.Millisecond
			}
			a := ask(t, test.script, timeout)
			if a.Verdict != test.verdict || a.Reason != test.reason || a.Alive() != test.alive {
				t.Errorf("judged %s %s, alive %t (%v)", a.Verdict, a.Reason, a.Alive(), a.Err)
			}
			if !strings.Contains(a.Text(), test.text) || strings.Contains(a.Text(), "secret") {
				t.Errorf("the text is %q, want %q", a.Text(), test.text)
			}
			if (a.Err == nil) != (a.Status != 0) || a.Duration <= 0 || a.Interrupted {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Close()
	a := exchange(t.Context(), t, outbound.Config{AllowPrivate: true}, sink.URL("/"), 10*time.Second)
	if a.Verdict != answer.Temporary || a.Reason != chat.ReasonRejected || a.Alive() {
		t.Errorf("judged %+v", a)
	}
}

func TestRefusedTarget(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{TLS: true})
	a := exchange(t.Context(), t, outbound.Config{}, sink.URL("/"), 10*time.Second)
	if a.Verdict != answer.Refused || a.Reason != chat.ReasonRejected || !outbound.IsRefused(a.Err) || !a.Alive() {
		t.Errorf("judged %+v", a)
	}
	if n := sink.Counts().Connections; n > 0 {
		t.Errorf("%d connections", n)
	}
}

// An expired or foreign certificate may be mended: the notification waits.
func TestCertificate(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{TLS: true})
	a := exchange(t.Context(), t, outbound.Config{AllowPrivate: true}, sink.URL("/"), 10*time.Second)
	if a.Verdict != answer.Temporary || !strings.Contains(a.Text(), "certificate") {
		t.Errorf("judged %+v", a)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Always(webhooksink.Hang())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		if _, err := sink.Await(t.Context(), 1); err != nil {
			t.Error(err)
		}
	}()
	a := exchange(ctx, t, outbound.Config{AllowPrivate: true}, sink.URL("/"), time.Minute)
	if !a.Interrupted || a.Verdict != answer.Temporary || !errors.Is(a.Err, context.Canceled) || a.Reason == chat.ReasonTimedOut {
		t.Errorf("judged %+v", a)
	}
}

// transport answers without a network.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// The bound is exact, in virtual time.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := answer.Exchange{Clock: time.Now, Timeout: 2 * time.Second, Transport: transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		r, err := http.NewRequest(http.MethodPost, "https://example.org/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		a := x.Do(t.Context(), r)
		if a.Duration != 2*time.Second || a.Reason != chat.ReasonTimedOut || a.Interrupted || a.Text() != "no answer within 2s" {
			t.Errorf("got %+v", a)
		}
	})
}

func TestBody(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, body, want string }{
		{"short", "fine", "fine"},
		{"as long as is kept", strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		{"longer", strings.Repeat("x", 200<<10), strings.Repeat("x", 1024)},
		{"cut in a letter", strings.Repeat("x", 1023) + "é", strings.Repeat("x", 1023)},
		{"cut in a picture", strings.Repeat("x", 1021) + "📷", strings.Repeat("x", 1021)},
		{"no UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"NUL", "a\x00b", "a\uFFFDb"},
		{"many of them", strings.Repeat("\x00", 1024), strings.Repeat("\uFFFD", 341)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, webhooksink.Body(200, test.body), 10*time.Second)
			if a.Body != test.want {
				t.Errorf("kept %d bytes: %.40q", len(a.Body), a.Body)
			}
		})
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte("fine"))
	f.Add([]byte("\x00\xff\xc3"))
	f.Fuzz(func(t *testing.T, body []byte) {
		x := answer.Exchange{Clock: time.Now, Timeout: time.Minute, Transport: transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusInternalServerError, Body: io.NopCloser(bytes.NewReader(body))}, nil
		})}
		r, err := http.NewRequest(http.MethodPost, "https://example.org/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		a := x.Do(t.Context(), r)
		if len(a.Body) > answer.MaxBody || !utf8.ValidString(a.Body) || strings.Contains(a.Body, "\x00") {
			t.Errorf("kept %q", a.Body)
		}
	})
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Always(webhooksink.Body(200, strings.Repeat("x", 20<<10)))
	tr := outbound.New(outbound.Config{AllowPrivate: true})
	t.Cleanup(tr.CloseIdleConnections)
	x := answer.Exchange{Transport: tr, Clock: time.Now, Timeout: 10 * time.Second}
	for range 20 {
		r, err := http.NewRequest(http.MethodPost, sink.URL("/"), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if a := x.Do(t.Context(), r); a.Verdict != answer.Delivered {
			t.Fatalf("judged %+v", a)
		}
	}
	if n := sink.Counts().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		value string
		want  time.Duration
	}{
		{"", 0},
		{"0", 0},
		{"30", 30 * time.Second},
		{" 30 ", 30 * time.Second},
		{"21600", 6 * time.Hour},
		{"21601", 6 * time.Hour},
		{"99999999999999999999999", 6 * time.Hour},
		{"-5", 0},
		{"1.5", 0},
		{"soon", 0},
		{"Sun, 01 Mar 2026 12:05:00 GMT", 5 * time.Minute},
		{"Sunday, 01-Mar-26 12:05:00 GMT", 5 * time.Minute},
		{"Sun Mar  1 12:05:00 2026", 5 * time.Minute},
		{"Sun, 01 Mar 2026 11:00:00 GMT", 0},
		{"Mon, 01 Mar 2027 12:00:00 GMT", 6 * time.Hour},
	} {
		if got := answer.RetryAfter(test.value, now); got != test.want {
			t.Errorf("%q: %v, want %v", test.value, got, test.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("30")
	f.Add("Sun, 01 Mar 2026 12:05:00 GMT")
	f.Fuzz(func(t *testing.T, value string) {
		if d := answer.RetryAfter(value, time.Unix(1_800_000_000, 0)); d < 0 || d > answer.MaxRetryAfter {
			t.Errorf("%q: %v", value, d)
		}
	})
}

func TestRetryAfterIsForTemporaryAnswers(t *testing.T) {
	t.Parallel()
	if a := ask(t, webhooksink.Status(429).With("Retry-After", "7"), 10*time.Second); a.RetryAfter != 7*time.Second {
		t.Errorf("429: %v", a.RetryAfter)
	}
	if a := ask(t, webhooksink.Status(400).With("Retry-After", "7"), 10*time.Second); a.RetryAfter != 0 {
		t.Errorf("400: %v", a.RetryAfter)
	}
}
