package gate

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/access"
)

// Names of the session's cookie. With the prefix a browser takes it only over
// https, and nobody beside us can set it (RFC 6265bis, section 4.1.3.2).
const (
	cookieName   = "postrider-session"
	securePrefix = "__Host-"
)

// secure reports whether browsers reach us over https, as far as can be told.
func (g *Gate) secure(r *http.Request) bool { return g.https || r.TLS != nil }

func (g *Gate) cookieName(r *http.Request) string {
	if g.secure(r) {
		return securePrefix + cookieName
	}
	return cookieName
}

// Welcome gives a browser the token of a session.
func (g *Gate) Welcome(w http.ResponseWriter, r *http.Request, token string) {
	g.setCookie(w, r, token, int(access.SessionAge.Seconds()))
}

// Goodbye takes it away.
func (g *Gate) Goodbye(w http.ResponseWriter, r *http.Request) { g.setCookie(w, r, "", -1) }

// Lax, not strict: links to the dashboard from chats and mails work, and
// requests that change something have to come from our own pages anyway.
func (g *Gate) setCookie(w http.ResponseWriter, r *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure wherever browsers come over https
		Name: g.cookieName(r), Value: value, Path: "/", MaxAge: age, Secure: g.secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// attemptName is the cookie of somebody who is about to sign in elsewhere.
const attemptName = "postrider-openid"

// Keep gives a browser what it has to show when it comes back from another site
// where somebody signs in. Lax: it comes back by a link from there.
func (g *Gate) Keep(w http.ResponseWriter, r *http.Request, kept string, lasts time.Duration) {
	g.setAttempt(w, r, kept, int(lasts.Seconds()))
}

// Kept returns that, and takes it away: it is good for once.
func (g *Gate) Kept(w http.ResponseWriter, r *http.Request) string {
	g.setAttempt(w, r, "", -1)
	cookie, err := r.Cookie(g.attemptName(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

func (g *Gate) attemptName(r *http.Request) string {
	if g.secure(r) {
		return securePrefix + attemptName
	}
	return attemptName
}

func (g *Gate) setAttempt(w http.ResponseWriter, r *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure wherever browsers come over https
		Name: g.attemptName(r), Value: value, Path: "/", MaxAge: age, Secure: g.secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// Address returns where a request comes from. Behind a proxy on a private
// address it is what the proxy says, in the last entry of X-Forwarded-For: those
// before it are whatever the caller wrote.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil || !peer.Unmap().IsLoopback() && !peer.Unmap().IsPrivate() {
		return host
	}
	entries := r.Header.Values("X-Forwarded-For")
	if len(entries) == 0 {
		return host
	}
	last := entries[len(entries)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	if forwarded, err := netip.ParseAddr(last); err == nil {
		return forwarded.Unmap().WithZone("").String()
	}
	return host
}
