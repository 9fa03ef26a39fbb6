package sendgrid_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/answer"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/outbound"
	fake "github.com/postrider/postrider/internal/testkit/sendgrid"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const data = `{"to":{"uid":"mira-17","email":"mira@example.org","name":"Mira Oduya","avatar":"https://img.example.org/mira.png"},` +
	`"messages":[{"sender":{"uid":"otto-4","name":"Otto <b>"},"message":"Seed order arrived 📷"}],` +
	`"senderDetails":{"uid":"otto-4","name":"Otto <b>"},"subject":"New messages from Otto <b>"}`

func config() *sendgrid.Config {
	cfg := sendgrid.Default()
	cfg.APIKey, cfg.TemplateID, cfg.UnsubscribeGroupID = "SG.right", "d-0123456789abcdef0123456789abcdef", 12345
	cfg.SenderName, cfg.SenderEmail = "Allotment Club", "chat@mail.example.org"
	return &cfg
}

func newClient(t *testing.T, url string) *sendgrid.Client {
	t.Helper()
	transport := outbound.New(outbound.Config{AllowPrivate: true})
	t.Cleanup(transport.CloseIdleConnections)
	return sendgrid.New(sendgrid.ClientConfig{Transport: transport, Clock: time.Now, Version: "1.2.3", URL: url})
}

func send(t *testing.T, url string, cfg *sendgrid.Config) answer.Answer {
	t.Helper()
	to := sendgrid.Recipient{Email: "mira@example.org", Name: "Mira Oduya"}
	return newClient(t, url).Send(t.Context(), cfg, to, json.RawMessage(data), "0193-id")
}

func TestSend(t *testing.T) {
	t.Parallel()
	srv := fake.New(t, fake.Config{APIKey: "SG.right", Senders: []string{"chat@mail.example.org"}})
	a := send(t, srv.URL(), config())
	if a.Verdict != answer.Delivered || a.Status != http.StatusAccepted || a.Reason != "" || a.Text() != "202 Accepted" {
		t.Fatalf("got %+v", a)
	}
	mails, err := srv.Await(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p := mails[0].Personalizations[0]
	// What would be markup in HTML is written in another way that means the
	// same.
	var got, want any
	if err := errors.Join(json.Unmarshal(p.Data, &got), json.Unmarshal([]byte(data), &want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The request as it goes over the wire.
func TestRequest(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	sink.Always(webhooksink.Body(http.StatusAccepted, ""))
	send(t, sink.URL(""), config())
	requests, err := sink.Await(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	r := requests[0]
	r.Header.Del("Content-Length")
	want := http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Bearer SG.right"},
		"Content-Type":  {"application/json"},
		"User-Agent":    {"Postrider/1.2.3"},
	}
	if diff := cmp.Diff(want, r.Header); diff != "" || r.Method != http.MethodPost || r.Path != "/v3/mail/send" {
		t.Errorf("%s %s: %s", r.Method, r.Path, diff)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, r.Body, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	golden(t, "request.json", pretty.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (rewrite with -update): %s", path, diff)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	inAMinute := time.Now().Add(time.Minute)
	for _, test := range []struct {
		name    string
		answer  *fake.Answer // nil: what the API says to the request
		edit    func(*sendgrid.Config)
		verdict answer.Verdict
		alive   bool
		text    string
	}{
		{"bad request", nil, func(c *sendgrid.Config) { c.TemplateID = "d-1" }, answer.Refused, true, "400 Bad Request: The template_id must be a valid GUID, you provided 'd-1'. (template_id)"},
		{"wrong key", nil, func(c *sendgrid.Config) { c.APIKey = "SG.wrong" }, answer.Refused, true, "401 Unauthorized: The provided authorization grant is invalid, expired, or revoked"},
		{"sender", nil, func(c *sendgrid.Config) { c.SenderEmail = "a@example.net" }, answer.Refused, true, "403 Forbidden: The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved. (from)"},
		{"too large", of(fake.TooLarge()), nil, answer.Refused, true, "413 Request Entity Too Large: Payload too large"},
		{"credits", of(fake.CreditsExceeded()), nil, answer.Refused, true, "401 Unauthorized: Maximum credits exceeded"},
		{"rate", of(fake.RateLimited(inAMinute)), nil, answer.Temporary, true, "429 Too Many Requests: too many requests"},
		{"broken", of(fake.Broken(500)), nil, answer.Temporary, false, "500 Internal Server Error: An internal server error occurred"},
		{"proxy", of(fake.Raw(502, nil, "<html>bad gateway")), nil, answer.Temporary, false, "502 Bad Gateway: <html>bad gateway"},
		{"no errors", of(fake.Raw(400, nil, `{"errors":[]}`)), nil, answer.Refused, true, `400 Bad Request: {"errors":[]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := fake.New(t, fake.Config{APIKey: "SG.right", Senders: []string{"chat@mail.example.org"}})
			if test.answer != nil {
				srv.Next(*test.answer)
			}
			cfg := config()
			if test.edit != nil {
				test.edit(cfg)
			}
			a := send(t, srv.URL(), cfg)
			if a.Verdict != test.verdict || a.Alive() != test.alive || a.Reason != chat.ReasonRejected || a.Text() != test.text {
				t.Errorf("%s %s: %q", a.Verdict, a.Reason, a.Text())
			}
			if strings.Contains(a.Text(), "SG.") {
				t.Error("the text tells the key")
			}
		})
	}
}

func of(a fake.Answer) *fake.Answer { return &a }

func TestRateLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		header      http.Header
		least, most time.Duration
	}{
		{"reset", http.Header{"X-Ratelimit-Reset": {itoa(time.Now().Add(time.Minute))}}, 50 * time.Second, time.Minute},
		{"both", http.Header{"X-Ratelimit-Reset": {itoa(time.Now().Add(time.Hour))}, "Retry-After": {"5"}}, 5 * time.Second, 5 * time.Second},
		{"past", http.Header{"X-Ratelimit-Reset": {"1600000000"}}, 0, 0},
		{"never", http.Header{"X-Ratelimit-Reset": {"9223372036854775807"}}, answer.MaxRetryAfter, answer.MaxRetryAfter},
		{"nonsense", http.Header{"X-Ratelimit-Reset": {"soon"}}, 0, 0},
		{"none", nil, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := fake.New(t, fake.Config{})
			srv.Next(fake.Raw(http.StatusTooManyRequests, test.header, ""))
			if a := send(t, srv.URL(), config()); a.RetryAfter < test.least || a.RetryAfter > test.most {
				t.Errorf("come back in %v", a.RetryAfter)
			}
		})
	}
}

func itoa(at time.Time) string {
	text, _ := json.Marshal(at.Unix())
	return string(text)
}

// A long message of errors is understood even where only its beginning is
// kept.
func TestLongErrors(t *testing.T) {
	t.Parallel()
	srv := fake.New(t, fake.Config{})
	srv.Next(fake.Raw(400, nil, `{"errors":[{"message":"first","field":null},{"message":"`+strings.Repeat("x", 5000)+`"}]}`))
	if a := send(t, srv.URL(), config()); a.Message != "first" || len(a.Body) != answer.MaxBody {
		t.Errorf("got %q, %d bytes", a.Message, len(a.Body))
	}
}

func TestDataThatIsNoJSON(t *testing.T) {
	t.Parallel()
	srv := fake.New(t, fake.Config{})
	a := newClient(t, srv.URL()).Send(t.Context(), config(), sendgrid.Recipient{Email: "a@b.c"}, json.RawMessage("{"), "1")
	if a.Verdict != answer.Refused || a.Err == nil || srv.Requests() > 0 {
		t.Errorf("got %+v, %d requests", a, srv.Requests())
	}
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	if got := sendgrid.New(sendgrid.ClientConfig{}).Endpoint(); got != "https://api.sendgrid.com" {
		t.Errorf("got %q", got)
	}
}

func TestConfigJSON(t *testing.T) {
	t.Parallel()
	cfg := sendgrid.Default()
	const in = `{"sendGridApiKey":"SG.x","sendGridTemplateID":"d-1","sendGridUnsubscribeGroupID":"42","senderName":"Club","senderEmail":"a@example.org","senderEmailForReplies":null}`
	if err := json.Unmarshal([]byte(in), &cfg); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"isEnabled":true,"sendGridApiKey":"SG.x","sendGridTemplateID":"d-1","sendGridUnsubscribeGroupID":42,"senderName":"Club",` +
		`"senderEmail":"a@example.org","allowEmailReplies":false,"senderEmailForReplies":null}`
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
}

func TestGroupID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]sendgrid.GroupID{"7": 7, `"7"`: 7, `" 7 "`: 7, "null": 1, "-3": -3} {
		got := sendgrid.GroupID(1)
		if err := json.Unmarshal([]byte(in), &got); got != want || err != nil {
			t.Errorf("%s: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"7.5", `"seven"`, `""`, "true", "{}", "99999999999999999999"} {
		got := sendgrid.GroupID(1)
		if err := json.Unmarshal([]byte(in), &got); err == nil || got != 1 {
			t.Errorf("%s passes: %d", in, got)
		}
	}
}

func FuzzGroupID(f *testing.F) {
	f.Add("7")
	f.Add(`"7"`)
	f.Fuzz(func(t *testing.T, in string) {
		var first, second sendgrid.GroupID
		if json.Unmarshal([]byte(in), &first) != nil {
			return
		}
		out, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &second); err != nil || first != second {
			t.Errorf("%q became %d, then %d (%v)", in, first, second, err)
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		edit   func(*sendgrid.Config)
		fields []string
	}{
		{"good", func(*sendgrid.Config) {}, nil},
		{"sender with a plus", func(c *sendgrid.Config) { c.SenderEmail = "chat+club@example.org" }, nil},
		{"address for replies", func(c *sendgrid.Config) { c.SenderEmailForReplies = text("reply@example.org") }, nil},
		{"no address for replies", func(c *sendgrid.Config) { c.SenderEmailForReplies = text("") }, nil},
		{"nothing", func(c *sendgrid.Config) { *c = sendgrid.Config{} }, []string{"sendGridApiKey", "sendGridTemplateID", "sendGridUnsubscribeGroupID", "senderEmail", "senderName"}},
		{"spaces only", func(c *sendgrid.Config) { c.SenderName = "  " }, []string{"senderName"}},
		{"replies", func(c *sendgrid.Config) { c.AllowEmailReplies = true }, []string{"allowEmailReplies"}},
		{"plus in the address for replies", func(c *sendgrid.Config) { c.SenderEmailForReplies = text("a+b@example.org") }, []string{"senderEmailForReplies"}},
		{"no address", func(c *sendgrid.Config) { c.SenderEmailForReplies = text("a") }, []string{"senderEmailForReplies"}},
		{"sender that is none", func(c *sendgrid.Config) { c.SenderEmail = "Club <a@example.org>" }, []string{"senderEmail"}},
		{"sender without a dot", func(c *sendgrid.Config) { c.SenderEmail = "a@localhost" }, []string{"senderEmail"}},
		{"sender at an address", func(c *sendgrid.Config) { c.SenderEmail = "a@[127.0.0.1]" }, []string{"senderEmail"}},
		{"line breaks", func(c *sendgrid.Config) { c.APIKey, c.SenderName = "SG.x\r\nX: y", "a\nb" }, []string{"sendGridApiKey", "senderName"}},
		{"spaces in the key", func(c *sendgrid.Config) { c.APIKey = "SG. x" }, []string{"sendGridApiKey"}},
		{"long", func(c *sendgrid.Config) {
			c.APIKey, c.TemplateID, c.SenderName, c.SenderEmail = strings.Repeat("x", 256), strings.Repeat("x", 101), strings.Repeat("ä", 101), strings.Repeat("x", 250)+"@example.org"
		}, []string{"sendGridApiKey", "sendGridTemplateID", "senderEmail", "senderName"}},
		{"group", func(c *sendgrid.Config) { c.UnsubscribeGroupID = -1 }, []string{"sendGridUnsubscribeGroupID"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config()
			test.edit(cfg)
			err := cfg.Validate()
			var fields []string
			var refusal *chat.Error
			if errors.As(err, &refusal) {
				fields = slices.Sorted(maps.Keys(refusal.Details))
			} else if err != nil {
				t.Fatalf("got %#v", err)
			}
			if diff := cmp.Diff(test.fields, fields); diff != "" {
				t.Errorf("%v: %s", err, diff)
			}
		})
	}
}

func text(s string) *string { return &s }
