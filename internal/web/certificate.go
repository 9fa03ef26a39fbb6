package web

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateCheck is how often, at most, the files are looked at.
const certificateCheck = time.Second

// certificate is a certificate from files that may change while it is used,
// as renewals do.
type certificate struct {
	certFile, keyFile string
	clock             func() time.Time
	logger            *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	loaded  fileVersions
	checked time.Time
	trouble string // what was last logged; empty while the files are fine
}

// fileVersions tells whether files changed.
type fileVersions [2]struct {
	modified time.Time
	size     int64
}

// ErrCertificate means that the certificate's files cannot be used.
var ErrCertificate = errors.New("load TLS certificate")

// loadCertificate reads the files. At the start they must be good.
func loadCertificate(certFile, keyFile string, clock func() time.Time, logger *slog.Logger) (*certificate, error) {
	if certFile == "" || keyFile == "" {
		return nil, fmt.Errorf("%w: the certificate and its key are needed, one is missing", ErrCertificate)
	}
	c := &certificate{certFile: certFile, keyFile: keyFile, clock: clock, logger: logger, checked: clock()}
	versions, err := c.versions()
	if err == nil {
		err = c.load(versions)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return c, nil
}

// get implements [tls.Config.GetCertificate].
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock()
	if elapsed := now.Sub(c.checked); elapsed < 0 || elapsed >= certificateCheck {
		c.checked = now
		c.refresh()
	}
	return c.current, nil
}

// refresh loads changed files. Files that cannot be used leave the present
// certificate in place and are tried again at the next check: a renewal may
// be half way through writing them.
func (c *certificate) refresh() {
	versions, err := c.versions()
	if err == nil {
		if versions == c.loaded {
			c.trouble = ""
			return
		}
		err = c.load(versions)
	}
	if err != nil {
		if c.trouble != err.Error() {
			c.trouble = err.Error()
			c.logger.Error("new TLS certificate cannot be used; the present one stays", "error", err)
		}
		return
	}
	c.trouble = ""
	c.logger.Info("TLS certificate renewed", "expires", c.current.Leaf.NotAfter)
}

func (c *certificate) load(versions fileVersions) error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.loaded = &pair, versions
	return nil
}

// versions is asked before the files are read, so that what changes meanwhile
// is seen the next time.
func (c *certificate) versions() (v fileVersions, err error) {
	for i, file := range [...]string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return v, err
		}
		v[i].modified, v[i].size = info.ModTime(), info.Size()
	}
	return v, nil
}
