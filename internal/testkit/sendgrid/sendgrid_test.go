package sendgrid_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/sendgrid"
)

const good = `{"from":{"email":"chat@example.org"},"personalizations":[{"to":[{"email":"mira@example.org"}],"dynamic_template_data":{"subject":"Hi"}}],` +
	`"template_id":"d-0123456789abcdef0123456789abcdef","asm":{"group_id":7}}`

func call(t *testing.T, srv *sendgrid.Server, method, key, kind, body string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, srv.URL()+"/v3/mail/send", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", key)
	r.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(said), response.Header
}

func TestServer(t *testing.T) {
	t.Parallel()
	edit := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for _, test := range []struct {
		name, method, key, kind, body string
		status                        int
		field                         string
	}{
		{"good", "POST", "Bearer SG.right", "application/json", good, 202, ""},
		{"GET", "GET", "Bearer SG.right", "application/json", "", 405, "null"},
		{"no key", "POST", "", "application/json", good, 401, "null"},
		{"wrong key", "POST", "Bearer SG.wrong", "application/json", good, 401, "null"},
		{"Basic", "POST", "Basic SG.right", "application/json", good, 401, "null"},
		{"type", "POST", "Bearer SG.right", "text/plain", good, 415, "null"},
		{"no JSON", "POST", "Bearer SG.right", "application/json", "{", 400, "null"},
		{"too large", "POST", "Bearer SG.right", "application/json", edit("Hi", strings.Repeat("x", 1000)), 413, "null"},
		{"no from", "POST", "Bearer SG.right", "application/json", edit(`"from"`, `"form"`), 400, `"from"`},
		{"bad from", "POST", "Bearer SG.right", "application/json", edit("chat@example.org", "chat"), 400, `"from.email"`},
		{"other sender", "POST", "Bearer SG.right", "application/json", edit("chat@", "spam@"), 403, `"from"`},
		{"nobody", "POST", "Bearer SG.right", "application/json", edit(`"personalizations"`, `"p"`), 400, `"personalizations"`},
		{"no to", "POST", "Bearer SG.right", "application/json", edit(`"to"`, `"too"`), 400, `"personalizations.0.to"`},
		{"bad to", "POST", "Bearer SG.right", "application/json", edit("mira@example.org", "mira"), 400, `"personalizations.0.to.0.email"`},
		{"bad template", "POST", "Bearer SG.right", "application/json", edit("d-0123", "d-xyz"), 400, `"template_id"`},
		{"neither template nor subject", "POST", "Bearer SG.right", "application/json", edit(`"template_id"`, `"t"`), 400, `"subject"`},
		{"group", "POST", "Bearer SG.right", "application/json", edit(":7", ":0"), 400, `"asm.group_id"`},
		{"data", "POST", "Bearer SG.right", "application/json", edit(`{"subject":"Hi"}`, `"Hi"`), 400, `"personalizations.0.dynamic_template_data"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := sendgrid.New(t, sendgrid.Config{APIKey: "SG.right", Senders: []string{"chat@example.org"}, MaxBody: 500})
			status, body, header := call(t, srv, test.method, test.key, test.kind, test.body)
			if status != test.status || (test.field == "") != (body == "") || !strings.Contains(body, `"field":`+test.field) && test.field != "" {
				t.Errorf("answered %d %s", status, body)
			}
			if accepted := status == 202; accepted != (len(srv.Mails()) == 1) || accepted != (header.Get("X-Message-Id") != "") {
				t.Errorf("%d mails, id %q", len(srv.Mails()), header.Get("X-Message-Id"))
			}
		})
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	srv := sendgrid.New(t, sendgrid.Config{})
	srv.Next(sendgrid.RateLimited(time.Unix(1_800_000_000, 0)), sendgrid.Broken(503), sendgrid.CreditsExceeded(), sendgrid.Raw(502, nil, "<html>"))
	for _, want := range []struct {
		status int
		body   string
	}{{429, "too many requests"}, {503, "errors"}, {401, "Maximum credits exceeded"}, {502, "<html>"}, {202, ""}} {
		status, body, header := call(t, srv, http.MethodPost, "Bearer x", "application/json", good)
		if status != want.status || !strings.Contains(body, want.body) {
			t.Errorf("answered %d %s", status, body)
		}
		if status == 429 && header.Get("X-RateLimit-Reset") != "1800000000" {
			t.Errorf("headers %v", header)
		}
	}
	if mails, err := srv.Await(t.Context(), 1); err != nil || len(mails) != 1 || srv.Requests() != 5 {
		t.Errorf("%d mails, %d requests, %v", len(mails), srv.Requests(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := srv.Await(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
