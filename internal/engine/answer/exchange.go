package answer

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxRetryAfter bounds what a provider may ask for: no longer than the
	// longest pause of the default retry schedule.
	MaxRetryAfter = 6 * time.Hour

	explained = 16 << 10 // bytes of the body that Explain gets
	// A body that is read to its end leaves a connection for the next call.
	// Of a longer one it is cheaper to give the connection up.
	drained = 64 << 10
)

// Exchange makes requests and judges their answers.
type Exchange struct {
	Transport http.RoundTripper
	Clock     func() time.Time
	// Timeout bounds one exchange: connection, TLS, answer and the beginning
	// of its body.
	Timeout time.Duration
	// Explain, if set, completes what an answer other than 2xx says.
	Explain func(header http.Header, body []byte, a *Answer)
}

// Do makes a request. Redirects are answers. Once the status is there it
// counts, even if the body breaks off.
func (x *Exchange) Do(ctx context.Context, r *http.Request) Answer {
	begin := x.Clock()
	a := x.ask(ctx, r)
	a.Duration = x.Clock().Sub(begin)
	return a
}

func (x *Exchange) ask(parent context.Context, r *http.Request) Answer {
	ctx, cancel := context.WithTimeout(parent, x.Timeout)
	defer cancel()
	response, err := x.Transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return failed(parent, err)
	}
	defer func() { _ = response.Body.Close() }() // what matters has been read
	a := answered(response.StatusCode)
	body := x.read(response, &a)
	a.Body = clean(body[:min(len(body), MaxBody)])
	if a.Verdict == Temporary {
		a.RetryAfter = RetryAfter(response.Header.Get("Retry-After"), x.Clock())
	}
	if x.Explain != nil && a.Verdict != Delivered {
		x.Explain(response.Header, body, &a)
		a.Message = clean([]byte(a.Message))
	}
	return a
}

// read takes the beginning of the body, as far as it comes in time.
func (x *Exchange) read(response *http.Response, a *Answer) []byte {
	limit := int64(MaxBody)
	if x.Explain != nil && a.Verdict != Delivered {
		limit = explained
	}
	// The status is known, and what has come of the body is better than
	// nothing.
	body, err := io.ReadAll(io.LimitReader(response.Body, limit))
	if err == nil {
		_, _ = io.CopyN(io.Discard, response.Body, drained)
	}
	return body
}

// clean makes text that can be stored and shown anywhere of what somebody
// sent: UTF-8 without NUL, at most MaxBody bytes.
func clean(b []byte) string {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if tail := b[len(b)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) { // cut in its middle
				b = b[:len(b)-i]
			}
			break
		}
	}
	text := string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
	text = strings.ReplaceAll(text, "\x00", "\uFFFD")
	if len(text) <= MaxBody {
		return text
	}
	end := MaxBody
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// RetryAfter reads the header of that name, seconds or a date (RFC 9110,
// section 10.2.3). What is in the past or no such value is 0, and more than
// MaxRetryAfter is that.
func RetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(MaxRetryAfter/time.Second) {
			return MaxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), MaxRetryAfter)
}
