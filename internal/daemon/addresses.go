package daemon

import (
	"errors"
	"fmt"

	"github.com/postrider/postrider/internal/outbound"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/lookup"
)

// book is where addresses are found: in the contacts and, where one is set, in
// a directory.
func (d *Daemon) book(options Options) (*address.Book, error) {
	s := &d.settings
	book := &address.Book{Contacts: d.data.Store}
	if s.DirectoryURL == "" {
		return book, nil
	}
	path := s.DirectoryPath
	if path == "" {
		path = "email"
	}
	target, err := lookup.ParseTarget(s.DirectoryURL, string(s.DirectoryHeader), path, s.AllowPrivateTargets)
	if err != nil {
		variable := "POSTRIDER_DIRECTORY_URL"
		var wrong *lookup.SettingError
		if errors.As(err, &wrong) {
			variable = "POSTRIDER_DIRECTORY_" + wrong.Setting
		}
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	transport := outbound.New(outbound.Config{AllowPrivate: s.AllowPrivateTargets})
	d.closers = append(d.closers, closerFunc(func() error { transport.CloseIdleConnections(); return nil }))
	book.Directory = lookup.New(lookup.Config{
		Target: target, Transport: transport, Version: options.Version, Clock: d.clock, Observe: d.metrics.observeLookup,
	})
	return book, nil
}
