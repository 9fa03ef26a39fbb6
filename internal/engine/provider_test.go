package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/notification"
)

// call is one that a provider got.
type call struct {
	at       time.Time
	provider string
	id       string // of the delivery: the webhook-id
	uid      string
	texts    []string
	status   int // 0: it was not answered
}

// answer is how a provider answers.
type answer struct {
	status     int // 0: not at all
	retryAfter string
	after      time.Duration
}

// providers stands in for the network: a bubble's time stops while something
// outside of it is waited for. It is both providers.
type providers struct {
	clock func() time.Time

	mu       sync.Mutex
	standing map[string]answer
	next     map[string][]answer
	calls    []call
	// decide, if set, answers instead.
	decide func(c *call) answer
}

func newProviders(clock func() time.Time) *providers {
	return &providers{
		clock:    clock,
		standing: map[string]answer{engine.ProviderCustom: {status: http.StatusOK}, engine.ProviderSendGrid: {status: http.StatusAccepted}},
		next:     make(map[string][]answer),
	}
}

// RoundTrip implements [http.RoundTripper].
func (p *providers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c, err := readCall(r, body)
	if err != nil {
		return nil, err
	}
	given := p.take(c)
	if given.status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if given.after > 0 {
		select {
		case <-time.After(given.after):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	header := make(http.Header)
	if given.retryAfter != "" {
		header.Set("Retry-After", given.retryAfter)
	}
	return &http.Response{StatusCode: given.status, Header: header, Body: io.NopCloser(strings.NewReader(`{"message":"said so"}`)), Request: r}, nil
}

func (p *providers) take(c *call) answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.at = p.clock()
	given := p.standing[c.provider]
	if queued := p.next[c.provider]; len(queued) > 0 {
		given, p.next[c.provider] = queued[0], queued[1:]
	}
	if p.decide != nil {
		given = p.decide(c)
	}
	c.status = given.status
	p.calls = append(p.calls, *c)
	return given
}

// all returns the calls so far.
func (p *providers) all() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]call(nil), p.calls...)
}

// readCall reads what a provider is told, be it in the seed's shape or in
// SendGrid's.
func readCall(r *http.Request, body []byte) (*call, error) {
	c := &call{provider: engine.ProviderCustom, id: r.Header.Get(notification.HeaderID)}
	var data notification.Data
	if strings.HasSuffix(r.URL.Path, "/mail/send") {
		c.provider = engine.ProviderSendGrid
		var mail struct {
			Personalizations []struct {
				To         []struct{ Email string }
				Data       notification.Data `json:"dynamic_template_data"`
				CustomArgs struct {
					ID string `json:"postrider_id"`
				} `json:"custom_args"`
			}
		}
		if err := json.Unmarshal(body, &mail); err != nil {
			return nil, err
		}
		if len(mail.Personalizations) != 1 || len(mail.Personalizations[0].To) != 1 || mail.Personalizations[0].To[0].Email == "" {
			return nil, fmt.Errorf("SendGrid was asked to mail nobody: %s", body)
		}
		data, c.id = mail.Personalizations[0].Data, mail.Personalizations[0].CustomArgs.ID
	} else {
		n := &notification.Notification{}
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(n); err != nil {
			return nil, err
		}
		data = n.Data
	}
	c.uid = data.To.UID
	for i := range data.Messages {
		c.texts = append(c.texts, data.Messages[i].Text)
	}
	return c, nil
}
