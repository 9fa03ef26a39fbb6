package webhook_test

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

const body = `{"trigger":"email-notification-payload-generated"}`

// newClient returns a client that may call a sink.
func newClient(t *testing.T, sink *webhooksink.Sink) *webhook.Client {
	t.Helper()
	cfg := outbound.Config{AllowPrivate: true}
	if strings.HasPrefix(sink.URL(""), "https") {
		cfg.Roots = sink.Roots()
	}
	transport := outbound.New(cfg)
	t.Cleanup(transport.CloseIdleConnections)
	return webhook.New(transport, "1.2.3", time.Now)
}

func TestCall(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{TLS: true})
	a := newClient(t, sink).Call(t.Context(), &webhook.Config{WebhookURL: sink.URL("/chat/email?app=1")}, "0193-id", []byte(body))
	if a.Verdict != answer.Delivered || a.Status != 200 || a.Body != `{"message":"Webhook received successfully"}` || a.Duration <= 0 || a.Err != nil {
		t.Errorf("got %+v", a)
	}
	requests, err := sink.Await(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	r := requests[0]
	if r.Method != http.MethodPost || r.Path != "/chat/email?app=1" || string(r.Body) != body {
		t.Errorf("sent %s %s %s", r.Method, r.Path, r.Body)
	}
	want := http.Header{
		"Content-Type":   {"application/json; charset=utf-8"},
		"Content-Length": {strconv.Itoa(len(body))},
		"User-Agent":     {"Postrider/1.2.3"},
		"Webhook-Id":     {"0193-id"},
	}
	if diff := cmp.Diff(want, r.Header); diff != "" {
		t.Errorf("headers: %s", diff)
	}
}

func TestBasicAuth(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	cfg := webhook.Config{WebhookURL: sink.URL("/"), BasicAuthUsername: "mailer", BasicAuthPassword: "p:ä"}
	client := newClient(t, sink)
	client.Call(t.Context(), &cfg, "1", []byte(body))
	cfg.UseBasicAuth = true
	client.Call(t.Context(), &cfg, "2", []byte(body))
	requests, err := sink.Await(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := requests[0].Header.Get("Authorization"); got != "" {
		t.Errorf("switched off: sent %q", got)
	}
	r := http.Request{Header: requests[1].Header}
	if user, password, ok := r.BasicAuth(); user != "mailer" || password != "p:ä" || !ok {
		t.Errorf("sent %q", r.Header.Get("Authorization"))
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	const other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	a := newClient(t, sink).Call(t.Context(), &webhook.Config{WebhookURL: sink.URL("/"), SignatureSecret: secret + " " + other}, "0193-id", []byte(body))
	if a.Verdict != answer.Delivered {
		t.Fatalf("got %+v", a)
	}
	r := sink.Requests()[0]
	for _, s := range []string{secret, other} {
		judge, err := standardwebhooks.NewWebhook(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := judge.Verify(r.Body, r.Header); err != nil {
			t.Errorf("%v: %v", slices.Sorted(maps.Keys(r.Header)), err)
		}
	}
}

func TestWhatCannotBeCalled(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	for name, cfg := range map[string]webhook.Config{
		"URL":    {WebhookURL: "https://hooks.example.org/\n"},
		"secret": {WebhookURL: sink.URL("/"), SignatureSecret: "hush"},
	} {
		a := newClient(t, sink).Call(t.Context(), &cfg, "1", []byte(body))
		if a.Verdict != answer.Refused || a.Reason != chat.ReasonRejected || a.Err == nil || strings.Contains(a.Text(), "hush") {
			t.Errorf("%s: got %+v", name, a)
		}
	}
	if n := sink.Counts().Requests; n > 0 {
		t.Errorf("%d requests", n)
	}
}

func TestRedirectIsRefused(t *testing.T) {
	t.Parallel()
	other := webhooksink.New(t, webhooksink.Config{})
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Always(webhooksink.Redirect(other.URL("/")))
	a := newClient(t, sink).Call(t.Context(), &webhook.Config{WebhookURL: sink.URL("/")}, "1", []byte(body))
	if a.Verdict != answer.Refused || a.Status != http.StatusTemporaryRedirect {
		t.Errorf("got %+v", a)
	}
	if n := other.Counts().Requests; n > 0 {
		t.Error("the redirect was followed")
	}
}

// A server that closes what it had kept, just when the next call comes, has
// not refused anything.
func TestKeptConnectionThatWasClosed(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Next(webhooksink.OK(), webhooksink.HangUp())
	client := newClient(t, sink)
	cfg := webhook.Config{WebhookURL: sink.URL("/")}
	for _, id := range []string{"1", "2"} {
		if a := client.Call(t.Context(), &cfg, id, []byte(body)); a.Verdict != answer.Delivered {
			t.Errorf("call %s: %+v", id, a)
		}
	}
	requests := sink.Requests()
	if len(requests) != 3 || requests[1].Header.Get("Webhook-Id") != "2" || requests[2].Header.Get("Webhook-Id") != "2" || string(requests[2].Body) != body {
		t.Errorf("got %d requests", len(requests))
	}
}

func TestTimeoutIsTwoSeconds(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Always(webhooksink.Hang())
	a := newClient(t, sink).Call(t.Context(), &webhook.Config{WebhookURL: sink.URL("/")}, "1", []byte(body))
	if a.Verdict != answer.Temporary || a.Reason != chat.ReasonTimedOut || a.Duration < 1900*time.Millisecond || a.Duration > 4*time.Second {
		t.Errorf("got %+v", a)
	}
}
