package notification_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postrider/postrider/notification"
)

// serve starts a handler behind a real server and returns its URL.
func serve(t *testing.T, h *notification.Handler) *httptest.Server {
	t.Helper()
	if h.Accept == nil {
		h.Accept = func(context.Context, *notification.Request) error { return nil }
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

type call struct {
	method, user, password, kind string
	header                       map[string]string
	body                         []byte
}

// do makes a call and returns status, message and header of the answer.
func do(t *testing.T, url string, c call) (int, string, http.Header) {
	t.Helper()
	if c.method == "" {
		c.method = http.MethodPost
	}
	if c.kind == "" {
		c.kind = "application/json"
	}
	r, err := http.NewRequest(c.method, url, bytes.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", c.kind)
	if c.user != "" {
		r.SetBasicAuth(c.user, c.password)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var said struct{ Message string }
	if c.method != http.MethodHead {
		if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
			t.Fatalf("the answer is not JSON: %v", err)
		}
	}
	return answer.StatusCode, said.Message, answer.Header
}

func TestHandlerAccepts(t *testing.T) {
	t.Parallel()
	var got *notification.Request
	server := serve(t, &notification.Handler{Accept: func(_ context.Context, r *notification.Request) error {
		got = r
		return nil
	}})
	body := payload(t, "group.json")
	status, message, header := do(t, server.URL, call{body: body, kind: "application/json; charset=utf-8", header: map[string]string{"webhook-id": "msg_1"}})
	if status != http.StatusOK || message != "Webhook received successfully" {
		t.Fatalf("answered %d %q", status, message)
	}
	if kind := header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("Content-Type %q", kind)
	}
	if !bytes.Equal(got.Body, body) || got.WebhookID != "msg_1" || got.Notification.Data.GroupDetails.Name != "Hiking Group" {
		t.Errorf("accepted %+v", got)
	}
}

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	pair := notification.Credentials{Username: "mailer", Password: "correct-horse"}
	old := notification.Credentials{Username: "mailer", Password: "battery-staple"}
	server := serve(t, &notification.Handler{
		Authenticate: notification.BasicAuth(pair, old),
		MaxBody:      4096,
		Accept: func(_ context.Context, r *notification.Request) error {
			switch r.Notification.AppID {
			case "app123":
				return nil
			case "down":
				return errors.New("disk full")
			default:
				return fmt.Errorf("%w: %s", notification.ErrForbidden, r.Notification.AppID)
			}
		},
	})
	good := payload(t, "one-on-one.json")
	for _, test := range []struct {
		name    string
		call    call
		status  int
		message string
		header  string // name=value
	}{
		{"accepted", call{user: pair.Username, password: pair.Password, body: good}, 200, "Webhook received successfully", ""},
		{"previous password", call{user: old.Username, password: old.Password, body: good}, 200, "Webhook received successfully", ""},
		{"no credentials", call{body: good}, 401, "Unauthorized", `WWW-Authenticate=Basic realm="postrider"`},
		{"wrong password", call{user: "mailer", password: "x", body: good}, 401, "Unauthorized", `WWW-Authenticate=Basic realm="postrider"`},
		{"wrong user", call{user: "x", password: pair.Password, body: good}, 401, "Unauthorized", ""},
		{"Basic with nothing behind it", call{header: map[string]string{"Authorization": "Basic "}, body: good}, 401, "Unauthorized", ""},
		{"Basic with a word only", call{header: map[string]string{"Authorization": "Basic"}, body: good}, 401, "Unauthorized", ""},
		{"Bearer", call{header: map[string]string{"Authorization": "Bearer bWFpbGVyOmNvcnJlY3QtaG9yc2U="}, body: good}, 401, "Unauthorized", ""},
		{"no credentials and a bad body", call{body: []byte("{")}, 401, "Unauthorized", ""},
		{"GET", call{method: "GET"}, 405, "Method not allowed", "Allow=POST"},
		{"PUT", call{method: "PUT", user: pair.Username, password: pair.Password, body: good}, 405, "Method not allowed", "Allow=POST"},
		{"form", call{user: pair.Username, password: pair.Password, kind: "application/x-www-form-urlencoded", body: good}, 415, "Content-Type", ""},
		{"no content type", call{user: pair.Username, password: pair.Password, kind: " ", body: good}, 415, "Content-Type", ""},
		{"broken JSON", call{user: pair.Username, password: pair.Password, body: []byte("{")}, 400, "body: is not valid JSON", ""},
		{"SMS", call{user: pair.Username, password: pair.Password, body: edit(t, "trigger", notification.TriggerSMS)}, 400, "Invalid trigger or webhook type: this endpoint sends email; the payload is for SMS", ""},
		{"no recipient", call{user: pair.Username, password: pair.Password, body: edit(t, "data.to.uid", nil)}, 400, "data.to.uid: is required", ""},
		{"too large", call{user: pair.Username, password: pair.Password, body: bytes.Repeat([]byte("x"), 4097)}, 413, "body: is larger than 4096 bytes", ""},
		{"another app", call{user: pair.Username, password: pair.Password, body: edit(t, "appId", "other")}, 403, "appId", ""},
		{"store down", call{user: pair.Username, password: pair.Password, body: edit(t, "appId", "down")}, 503, "could not be stored", "Retry-After=5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			status, message, header := do(t, server.URL, test.call)
			if status != test.status || !strings.HasPrefix(message, test.message) && !strings.Contains(message, "stored") {
				t.Errorf("answered %d %q, want %d %q", status, message, test.status, test.message)
			}
			if strings.Contains(message, "disk full") {
				t.Error("the answer tells the caller what broke inside")
			}
			if name, value, ok := strings.Cut(test.header, "="); ok && header.Get(name) != value {
				t.Errorf("header %s is %q, want %q", name, header.Get(name), value)
			}
		})
	}
}

func TestHandlerWithoutPairsRefusesAll(t *testing.T) {
	t.Parallel()
	server := serve(t, &notification.Handler{Authenticate: notification.BasicAuth()})
	if status, _, _ := do(t, server.URL, call{user: "a", password: "b", body: payload(t, "group.json")}); status != 401 {
		t.Errorf("answered %d", status)
	}
}

// A caller that sends a large body before it reads gets the 413 all the same:
// the connection is not cut under it.
func TestHandlerDrainsWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	server := serve(t, &notification.Handler{MaxBody: 1024})
	const size = 20 << 20
	for _, announced := range []bool{true, false} {
		t.Run(fmt.Sprintf("announced=%t", announced), func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			w := bufio.NewWriter(conn)
			fmt.Fprintf(w, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
			chunk := bytes.Repeat([]byte("x"), 64<<10)
			if announced {
				fmt.Fprintf(w, "Content-Length: %d\r\n\r\n", size)
			} else {
				fmt.Fprintf(w, "Transfer-Encoding: chunked\r\n\r\n")
			}
			for sent := 0; sent < size; sent += len(chunk) {
				if !announced {
					fmt.Fprintf(w, "%x\r\n", len(chunk))
				}
				w.Write(chunk)
				if !announced {
					fmt.Fprintf(w, "\r\n")
				}
			}
			if !announced {
				fmt.Fprintf(w, "0\r\n\r\n")
			}
			if err := w.Flush(); err != nil {
				t.Fatalf("the connection was cut while sending: %v", err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("answered %d", answer.StatusCode)
			}
		})
	}
}

// What is being read and accepted is bounded: beyond it callers are told to
// come back, and what was held is free again afterwards.
func TestHandlerBoundsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	hold, held := make(chan struct{}), make(chan struct{})
	body := payload(t, "group.json")
	server := serve(t, &notification.Handler{
		MaxInFlight: int64(len(body)) + 64,
		Accept: func(_ context.Context, r *notification.Request) error {
			if r.WebhookID == "slow" {
				close(held)
				<-hold
			}
			return nil
		},
	})
	slow := make(chan int)
	go func() {
		r, _ := http.NewRequest(http.MethodPost, server.URL, bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Webhook-Id", "slow")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			slow <- 0
			return
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		slow <- answer.StatusCode
	}()
	<-held
	status, _, header := do(t, server.URL, call{body: body})
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("beyond the bound: answered %d, Retry-After %q", status, header.Get("Retry-After"))
	}
	close(hold)
	if status := <-slow; status != http.StatusOK {
		t.Errorf("the first: answered %d", status)
	}
	if status, _, _ := do(t, server.URL, call{body: body}); status != http.StatusOK {
		t.Errorf("afterwards: answered %d", status)
	}
}
