package smtp

import (
	"slices"
	"sync"
)

// lessons are what a gateway has learnt about its server, for its next
// connections. They are forgotten with the gateway.
type lessons struct {
	mu sync.Mutex
	// useless are mechanisms that are offered but fail, so that not every new
	// connection begins with a failed login: servers count those.
	useless map[string]bool
	// unsteady: it left, without a word, a connection that had just been in
	// use. Until then nobody can tell whether it took a mail that was sent in
	// one go.
	unsteady bool
}

func (l *lessons) cannot(mechanisms ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.useless == nil {
		l.useless = make(map[string]bool)
	}
	for _, name := range mechanisms {
		l.useless[name] = true
	}
}

// usable returns the mechanisms that may work; all if none may.
func (l *lessons) usable(all []mechanism) []mechanism {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(all), func(m mechanism) bool { return l.useless[m.name] })
	if len(rest) == 0 {
		return all
	}
	return rest
}

func (l *lessons) leaves() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsteady = true
}

func (l *lessons) isUnsteady() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unsteady
}
