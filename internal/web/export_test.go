package web

import "net"

// Guarded lists the patterns of all routes, by what protects them.
func Guarded(cfg Config) (unprotected, authenticating, signedIn, named []string) {
	for _, r := range newSite(cfg).routes() {
		switch r.guard {
		case open:
			unprotected = append(unprotected, r.pattern)
		case own:
			authenticating = append(authenticating, r.pattern)
		case session:
			signedIn = append(signedIn, r.pattern)
		case account:
			named = append(named, r.pattern)
		}
	}
	return unprotected, authenticating, signedIn, named
}

// ServerOn returns a server for a listener that a test made.
func ServerOn(listener net.Listener, cfg ServerConfig) (*Server, error) {
	s, err := newServer(cfg)
	if err == nil {
		s.listener = listener
	}
	return s, err
}
