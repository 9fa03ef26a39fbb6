package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/notification"
)

const (
	// Deadline is how long callers wait for an answer (S3).
	Deadline = 2 * time.Second
	// patience is how long we wait, to tell how late an answer is.
	patience = 10 * time.Second
	// maxAnswer is how many bytes of an answer are kept.
	maxAnswer = 4 << 10
)

// Target is a custom provider. Without a user name and a password calls carry
// no Basic Auth, without secrets no signature.
type Target struct {
	URL      string
	Username string
	Password string
	Secrets  notification.Secrets
	AppID    string
}

func (t *Target) hasBasic() bool { return t.Username != "" || t.Password != "" }

// Config is what a [Client] works with.
type Config struct {
	Target
	Version string // of the program
	Clock   func() time.Time
	// Transport takes the calls out; nil: one of package outbound that may
	// call any address.
	Transport http.RoundTripper
}

// Client calls one custom provider, as the engine would.
type Client struct {
	cfg Config
	// run tells one use of the client from the next.
	run string
}

// New returns a client. The error says what is wrong with the URL.
func New(cfg Config) (*Client, error) {
	if err := outbound.CheckURL(cfg.URL, true); err != nil {
		return nil, fmt.Errorf("the URL %w", err)
	}
	if cfg.Transport == nil {
		cfg.Transport = outbound.New(outbound.Config{AllowPrivate: true})
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make an id: %w", err)
	}
	return &Client{cfg, id.String()[24:]}, nil
}

// Answer is what became of one call.
type Answer struct {
	Status int // 0 if there was no answer
	Header http.Header
	Body   string // its beginning
	Took   time.Duration
	Err    error // why there was none
	// Reached: there was a connection to call over.
	Reached bool
}

// InTime reports whether it is the answer that callers want: 200 within
// Deadline.
func (a *Answer) InTime() bool { return a.Status == http.StatusOK && a.Took <= Deadline }

// String tells it in a few words.
func (a *Answer) String() string {
	took := a.Took.Round(time.Millisecond).String()
	if a.Err != nil {
		if errors.Is(a.Err, context.DeadlineExceeded) {
			return "no answer within " + took
		}
		return "no answer: " + a.Err.Error()
	}
	return strings.TrimSpace(strconv.Itoa(a.Status)+" "+http.StatusText(a.Status)) + " in " + took
}

// call is one request. With an id and a body alone it is one with the target's
// credentials.
type call struct {
	id   string // webhook-id
	body []byte
	// noBasic and noSignature leave out a proof that the target could give.
	noBasic, noSignature bool
	// authorization is the header of that name, if set.
	authorization string
	// sign, if set, are the secrets in place of the target's.
	sign *notification.Secrets
	// signs, if set, is what is signed in place of the body.
	signs   []byte
	earlier time.Duration // the signature is as old as that
	wait    time.Duration // 0 is patience
}

// basic returns credentials for a call.
func basic(username, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(username, password)
	return r.Header.Get("Authorization")
}

// do makes a call.
func (c *Client) do(ctx context.Context, call *call) Answer {
	if call.wait == 0 {
		call.wait = patience
	}
	ctx, cancel := context.WithTimeout(ctx, call.wait)
	defer cancel()
	var a Answer
	r, err := c.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { a.Reached = true },
	}), call)
	if err != nil {
		return Answer{Err: err}
	}
	begun := c.cfg.Clock()
	response, err := c.cfg.Transport.RoundTrip(r)
	if err == nil {
		defer func() { _ = response.Body.Close() }() // what matters has been read
		a.Status, a.Header = response.StatusCode, response.Header
		// The status is there; what comes of the body is better than nothing.
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
		a.Body = strings.ToValidUTF8(string(body), "\uFFFD")
	}
	a.Took, a.Err = c.cfg.Clock().Sub(begun), err
	return a
}

func (c *Client) request(ctx context.Context, call *call) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.URL, bytes.NewReader(call.body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Postrider/"+c.cfg.Version)
	r.Header.Set(notification.HeaderID, call.id)
	// Without a value it is not sent: a kept connection that turns out to be
	// closed is no fault of the provider, and the call is made again.
	r.Header["Idempotency-Key"] = nil
	if !call.noBasic && c.cfg.hasBasic() {
		r.SetBasicAuth(c.cfg.Username, c.cfg.Password)
	}
	if call.authorization != "" {
		r.Header.Set("Authorization", call.authorization)
	}
	secrets, signs := c.cfg.Secrets, call.body
	if call.sign != nil {
		secrets = *call.sign
	}
	if call.signs != nil {
		signs = call.signs
	}
	if call.noSignature || secrets.Len() == 0 {
		return r, nil
	}
	at := c.cfg.Clock().Add(-call.earlier)
	signature, err := notification.Sign(secrets, call.id, at, signs)
	if err != nil {
		return nil, err
	}
	r.Header.Set(notification.HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	r.Header.Set(notification.HeaderSignature, signature)
	return r, nil
}

// Send posts one notification, and returns the body that it posted as well.
func (c *Client) Send(ctx context.Context, sample *Sample) (body []byte, answer Answer) {
	body = c.fill(sample, "send").body()
	return body, c.do(ctx, &call{id: "postrider-send-" + c.run, body: body})
}

// fill completes a sample with what its maker left open.
func (c *Client) fill(sample *Sample, name string) *Sample {
	filled := *sample
	filled.AppID, filled.SentAt = c.cfg.AppID, c.cfg.Clock()
	if filled.UID == "" {
		filled.UID = "postrider-check-" + name + "-" + c.run
	}
	return &filled
}
