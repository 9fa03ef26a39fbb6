package links

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postrider/postrider/internal/outbound"
)

// Limits of a check.
const (
	maxChecked = 100
	atOnce     = 8
	eachTime   = 5 * time.Second
	allTime    = 45 * time.Second
)

// State is what a check found.
type State string

// The states of a target.
const (
	StateWorks    State = "works"     // answered with a 2xx status
	StateMoved    State = "moved"     // answered with a redirect, which was not followed
	StateBroken   State = "broken"    // answered with another status, or not at all
	StateRefused  State = "refused"   // must not be asked: it lies in a private network, or is not https
	StateNotAsked State = "not-asked" // is nothing that can be asked
)

// Result is what became of one target.
type Result struct {
	State  State
	Status int // of the answer; 0: none
	// Detail says in words what the state does not: where a redirect leads,
	// why there was no answer.
	Detail   string
	Duration time.Duration
}

// Checker asks targets whether they are there.
type Checker struct {
	// Transport refuses what must not be called with an error that
	// [outbound.IsRefused] knows.
	Transport http.RoundTripper
	Clock     func() time.Time
}

// Check asks every target once, with HEAD, and with GET those that do not
// allow it; few at a time, 5 s for each, 45 s and 100 targets in all. Redirects
// are not followed, and no answer is read. The results are by URL.
func (c *Checker) Check(ctx context.Context, links []Link) map[string]Result {
	ctx, cancel := context.WithTimeout(ctx, allTime)
	defer cancel()
	client := &http.Client{
		Transport:     c.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	results := make(map[string]Result)
	var targets []string
	for _, link := range links {
		if _, known := results[link.URL]; known {
			continue
		}
		why := unaskable(link.URL)
		if why == "" && len(targets) == maxChecked {
			why = "only the first 100 targets are asked"
		}
		results[link.URL] = Result{State: StateNotAsked, Detail: why}
		if why == "" {
			targets = append(targets, link.URL)
		}
	}
	answers := make([]Result, len(targets))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, target := range targets {
		group.Go(func() error {
			answers[i] = c.ask(ctx, client, target)
			return nil
		})
	}
	_ = group.Wait() // each has its own result
	for i, target := range targets {
		results[target] = answers[i]
	}
	return results
}

// unaskable says why a target cannot be asked; empty: it can.
func unaskable(target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return "it is not a valid address"
	case u.Scheme == "" && target[0] == '#':
		return "it leads to a place within the mail"
	case u.Scheme == "":
		return "it is not a complete address, and leads nowhere from a mail"
	case u.Scheme != "http" && u.Scheme != "https":
		return "only http and https are asked"
	case u.Host == "":
		return "it names no host"
	case u.User != nil:
		return "it contains a user name or password"
	}
	return ""
}

func (c *Checker) ask(ctx context.Context, client *http.Client, target string) Result {
	if ctx.Err() != nil {
		return Result{State: StateNotAsked, Detail: "there was no time left"}
	}
	ctx, cancel := context.WithTimeout(ctx, eachTime)
	defer cancel()
	started := c.Clock()
	result := c.request(ctx, client, http.MethodHead, target)
	if result.Status == http.StatusMethodNotAllowed || result.Status == http.StatusNotImplemented {
		result = c.request(ctx, client, http.MethodGet, target)
	}
	result.Duration = c.Clock().Sub(started)
	return result
}

func (*Checker) request(ctx context.Context, client *http.Client, method, target string) Result {
	r, err := http.NewRequestWithContext(ctx, method, target, http.NoBody)
	if err != nil {
		return Result{State: StateNotAsked, Detail: "it is not a valid address"}
	}
	r.Header.Set("User-Agent", "Postrider (link check)")
	response, err := client.Do(r)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = response.Body.Close() }() // nothing of it is wanted
	result := Result{State: StateBroken, Status: response.StatusCode, Detail: http.StatusText(response.StatusCode)}
	switch response.StatusCode / 100 {
	case 2:
		result.State, result.Detail = StateWorks, ""
	case 3:
		result.State = StateMoved
		if to, err := response.Location(); err == nil {
			result.Detail = "to " + clip(to.Redacted())
		}
	}
	return result
}

func failed(err error) Result {
	var refused *outbound.TargetError
	switch {
	case errors.As(err, &refused):
		return Result{State: StateRefused, Detail: refused.Err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		return Result{State: StateBroken, Detail: "no answer within " + eachTime.String()}
	}
	var unknown *net.DNSError // names the server that was asked for it
	if errors.As(err, &unknown) && unknown.IsNotFound {
		return Result{State: StateBroken, Detail: "no such host"}
	}
	var asked *url.Error // repeats the address
	if errors.As(err, &asked) {
		err = asked.Err
	}
	return Result{State: StateBroken, Detail: clip(err.Error())}
}
