package web

import (
	"net"

	"github.com/postrider/postrider/internal/web/page"
)

// Guarded lists the patterns of all routes, by what protects them.
func Guarded(cfg Config) (unprotected, authenticating, protected []string) {
	for _, r := range (&site{cfg, page.New()}).routes() {
		switch r.guard {
		case open:
			unprotected = append(unprotected, r.pattern)
		case own:
			authenticating = append(authenticating, r.pattern)
		case account:
			protected = append(protected, r.pattern)
		}
	}
	return unprotected, authenticating, protected
}

// ServerOn returns a server for a listener that a test made.
func ServerOn(listener net.Listener, cfg ServerConfig) (*Server, error) {
	s, err := newServer(cfg)
	if err == nil {
		s.listener = listener
	}
	return s, err
}
