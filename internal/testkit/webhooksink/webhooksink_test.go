package webhooksink_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

func post(ctx context.Context, client *http.Client, url, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Webhook-Id", "msg_1")
	response, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	return response.StatusCode, string(said), err
}

func newClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	client := newClient(t)
	for range 2 {
		if status, _, err := post(t.Context(), client, sink.URL("/hook?a=b"), "body"); status != 200 || err != nil {
			t.Fatalf("answered %d, %v", status, err)
		}
	}
	requests, err := sink.Await(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	r := requests[1]
	if r.Method != http.MethodPost || r.Path != "/hook?a=b" || string(r.Body) != "body" || r.Header.Get("Webhook-Id") != "msg_1" || r.At.IsZero() || r.Remote == "" {
		t.Errorf("recorded %+v", r)
	}
	if r.Connection != 1 || sink.Counts().Connections != 1 {
		t.Errorf("the connection was not kept: %+v", sink.Counts())
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	ready := make(chan struct{})
	close(ready)
	for _, test := range []struct {
		name   string
		answer webhooksink.Answer
		status int // 0: none
		body   string
	}{
		{"default", webhooksink.OK(), 200, "received"},
		{"status", webhooksink.Status(503), 503, "Service Unavailable"},
		{"body", webhooksink.Body(400, "no"), 400, "no"},
		{"redirect", webhooksink.Redirect("http://127.0.0.1:1/"), 307, ""},
		{"delayed", webhooksink.Status(204).After(time.Millisecond), 204, ""},
		{"awaited", webhooksink.OK().When(ready), 200, ""},
		{"hang", webhooksink.Hang(), 0, ""},
		{"late", webhooksink.OK().After(time.Minute), 0, ""},
		{"hang up", webhooksink.HangUp(), 0, ""},
		{"garbage", webhooksink.Garbage(), 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sink := webhooksink.New(t, webhooksink.Config{})
			sink.Next(test.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			if test.status != 0 {
				ctx, cancel = context.WithCancel(t.Context())
			}
			defer cancel()
			client := newClient(t)
			status, body, err := post(ctx, client, sink.URL("/"), "x")
			if status != test.status || (err == nil) != (test.status != 0) || !strings.Contains(body, test.body) {
				t.Errorf("answered %d %q, %v", status, body, err)
			}
			if status, _, err := post(t.Context(), client, sink.URL("/"), "x"); status != 200 || err != nil {
				t.Errorf("afterwards: %d, %v", status, err)
			}
		})
	}
}

func TestHangInBody(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Always(webhooksink.HangInBody(200, "begin"))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	status, body, err := post(ctx, newClient(t), sink.URL("/"), "x")
	if status != 200 || body != "begin" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("answered %d %q, %v", status, body, err)
	}
}

func TestAnotherTakesItsPlace(t *testing.T) {
	t.Parallel()
	first := webhooksink.New(t, webhooksink.Config{TLS: true})
	first.Always(webhooksink.Hang())
	go post(t.Context(), newClient(t), first.URL("/"), "x")
	first.Close() // does not wait for who hangs
	if _, _, err := post(t.Context(), newClient(t), "http://"+first.Addr(), "x"); err == nil {
		t.Error("a closed sink answers")
	}
	second := webhooksink.New(t, webhooksink.Config{Addr: first.Addr()})
	if status, _, err := post(t.Context(), newClient(t), second.URL("/"), "x"); status != 200 || err != nil {
		t.Errorf("answered %d, %v", status, err)
	}
}

func TestAwaitTellsWhatCame(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := webhooksink.New(t, webhooksink.Config{}).Await(ctx, 1); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "Requests:0") {
		t.Errorf("got %v", err)
	}
}
