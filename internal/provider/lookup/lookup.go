package lookup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/postrider/postrider/internal/provider/address"
)

const (
	// Timeout bounds one question, from connecting to the end of the answer.
	Timeout = 5 * time.Second
	// MaxInFlight is how many questions are asked at one time.
	MaxInFlight = 16
	// MaxAnswer is the largest answer in bytes.
	MaxAnswer = 1 << 20

	// How long answers are good for, and how many are kept.
	keepFound   = 10 * time.Minute
	keepUnknown = time.Minute
	keepMost    = 10_000
)

// Result is how a question ended.
type Result string

// The results.
const (
	Found   Result = "found"
	Unknown Result = "unknown" // the directory knows no address
	Failed  Result = "failed"  // there was no usable answer
	Cached  Result = "cached"  // the answer was known, one way or the other
	Paused  Result = "paused"  // it was not asked, because it keeps failing
)

// Results lists all results.
func Results() []Result { return []Result{Found, Unknown, Failed, Cached, Paused} }

// Config is what a [Directory] works with. Observe may be nil.
type Config struct {
	Target
	// Transport is the guarded one of package outbound: the directory is
	// called by somebody else's name.
	Transport http.RoundTripper
	// Version of the program, for the directory's log.
	Version string
	Clock   func() time.Time
	// Observe is told how every question ended and, but for those that were
	// cached, how long it took.
	Observe func(Result, time.Duration)
}

// Directory asks for addresses, and remembers what it was told. It is safe
// for concurrent use.
type Directory struct {
	cfg    Config
	cache  *cache
	asking singleflight.Group
	slots  chan struct{}
	pause  pause
}

var _ address.Directory = (*Directory)(nil)

// New returns a directory.
func New(cfg Config) *Directory {
	if cfg.Observe == nil {
		cfg.Observe = func(Result, time.Duration) {}
	}
	return &Directory{cfg: cfg, cache: newCache(keepMost), slots: make(chan struct{}, MaxInFlight)}
}

// answer is what the directory knows of a user.
type answer struct {
	email string
	said  string // why there is none
}

// Email implements [address.Directory]. However many ask for a user at one
// time, the directory is asked once.
func (d *Directory) Email(ctx context.Context, uid string) (string, error) {
	if uid == "." || uid == ".." {
		// Escaped or not, servers would take it for another folder.
		return "", &address.NoneError{Said: "the directory cannot be asked for such a user id"}
	}
	for {
		if known, ok := d.cache.get(uid, d.cfg.Clock()); ok {
			d.cfg.Observe(Cached, 0)
			return known.result()
		}
		given, err, shared := d.asking.Do(uid, func() (any, error) { return d.ask(ctx, uid) })
		if shared && err != nil && ctx.Err() == nil && isEnd(err) {
			continue // it was the other one who had to stop
		}
		if err != nil {
			return "", err
		}
		known, _ := given.(answer) // ask returns nothing else
		return known.result()
	}
}

func (a answer) result() (string, error) {
	if a.email == "" {
		return "", &address.NoneError{Said: a.said}
	}
	return a.email, nil
}

func isEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// ask waits for its turn, asks, and remembers the answer.
func (d *Directory) ask(ctx context.Context, uid string) (answer, error) {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	begun := d.cfg.Clock()
	pauses, left, err := d.pause.check(begun)
	if err != nil {
		d.cfg.Observe(Paused, 0)
		return answer{}, &address.DirectoryError{Target: d.cfg.Host(), RetryAfter: left, Err: err}
	}
	known, asked, err := d.exchange(ctx, uid)
	now := d.cfg.Clock()
	took := now.Sub(begun)
	switch {
	case err != nil && ctx.Err() != nil:
		return answer{}, ctx.Err() // we are stopping: it says nothing of the directory
	case err != nil:
		d.pause.failed(now, pauses, asked, err)
		d.cfg.Observe(Failed, took)
		return answer{}, err
	case known.email == "":
		d.cache.put(uid, known, now.Add(keepUnknown))
		d.cfg.Observe(Unknown, took)
	default:
		d.cache.put(uid, known, now.Add(keepFound))
		d.cfg.Observe(Found, took)
	}
	d.pause.succeeded(pauses)
	return known, nil
}

// exchange asks once. The error is an [*address.DirectoryError]; it quotes
// nothing of the answer's body. asked is the pause that the directory asked
// for with it.
func (d *Directory) exchange(parent context.Context, uid string) (known answer, asked time.Duration, err error) {
	ctx, cancel := context.WithTimeout(parent, Timeout)
	defer cancel()
	status := 0
	failed := func(err error) (answer, time.Duration, error) {
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("no answer within " + Timeout.String())
		}
		return answer{}, asked, &address.DirectoryError{Target: d.cfg.Host(), Status: status, RetryAfter: asked, Err: err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.cfg.urlFor(uid), http.NoBody)
	if err != nil {
		return failed(errors.New("make request: the URL is not valid")) // the error would quote the URL
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "Postrider/"+d.cfg.Version)
	if d.cfg.headerName != "" {
		r.Header.Set(d.cfg.headerName, d.cfg.headerValue)
	}
	response, err := d.cfg.Transport.RoundTrip(r)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = response.Body.Close() }() // what matters has been read
	status, asked = response.StatusCode, retryAfter(response, d.cfg.Clock())
	said := strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
	switch {
	case status == http.StatusNotFound || status == http.StatusGone:
		_, _ = io.CopyN(io.Discard, response.Body, MaxAnswer) // leaves the connection to the next question
		return answer{said: "the directory answered " + said}, 0, nil
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return failed(errors.New("answered " + said + "; redirects are not followed"))
	case status != http.StatusOK:
		_, _ = io.CopyN(io.Discard, response.Body, MaxAnswer)
		return failed(errors.New("answered " + said))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return failed(fmt.Errorf("read answer: %w", err))
	case len(body) > MaxAnswer:
		return failed(errors.New("the answer is larger than " + strconv.Itoa(MaxAnswer) + " bytes"))
	}
	email, err := d.cfg.value(body)
	if err != nil {
		return failed(err)
	}
	return answer{email: email, said: "the directory has nothing at " + strings.Join(d.cfg.path, ".")}, 0, nil
}
