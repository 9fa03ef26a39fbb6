package outbound

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	schemeHTTP  = "http"
	schemeHTTPS = "https"

	// MaxURLLength is the most characters a URL in the settings may have (S38).
	MaxURLLength = 255
)

// CheckURL says what is wrong with a URL that somebody wants called: the error
// continues a sentence that begins with its name ("must be …"). A name is not
// looked up; where it leads is checked at every call.
func CheckURL(raw string, allowPrivate bool) error {
	if raw == "" {
		return errors.New("must not be empty")
	}
	if utf8.RuneCountInString(raw) > MaxURLLength {
		return errors.New("must not be longer than " + strconv.Itoa(MaxURLLength) + " characters")
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The error would quote the URL, and with it a password in it.
		return errors.New("must be a valid URL")
	}
	switch {
	case u.Scheme != schemeHTTPS && !allowPrivate:
		return errors.New("must be an absolute URL that begins with https://")
	case u.Scheme != schemeHTTPS && u.Scheme != schemeHTTP:
		return errors.New("must be an absolute URL that begins with https:// or http://")
	case u.User != nil:
		return errors.New("must not contain a user name or password")
	case u.Hostname() == "":
		return errors.New("must name a host")
	case !validPort(u):
		return errors.New("must name a port between 1 and 65535, or none")
	case !allowPrivate && isOddAddress(u.Hostname()):
		return errors.New("must be a valid URL")
	case !allowPrivate && isPrivate(u.Hostname()):
		return errors.New("must not lead into a private network")
	}
	return nil
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

// isPrivate reports whether a host is evidently not on the public internet.
func isPrivate(host string) bool {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") { // RFC 6761
		return true
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	// An IPv4 address within an IPv6 one is dialed as what it is.
	return newGuard().SafeAddr(ip.Unmap()) != nil
}

// isOddAddress reports whether a host is no name and no address as it is usually
// written, but what some resolvers take for an IPv4 address: 127.1, 2130706433,
// 0x7f.1. No name ends with a number (RFC 1123, section 2.1; WHATWG URL, 3.5).
func isOddAddress(host string) bool {
	host = strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}
