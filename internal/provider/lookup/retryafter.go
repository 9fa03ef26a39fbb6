package lookup

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter is the pause that an answer asks for (RFC 9110, section 10.2.3):
// in seconds or until a date, at most MaxRetryAfter. It is 0 where the answer
// asks for none, where that is over, and for answers to which it does not
// belong: all but 429 and 503.
func retryAfter(response *http.Response, now time.Time) time.Duration {
	if response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	value := strings.TrimSpace(response.Header.Get("Retry-After"))
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(MaxRetryAfter/time.Second) {
			return MaxRetryAfter // more digits than a number has are a long time
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), MaxRetryAfter)
}
