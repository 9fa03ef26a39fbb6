// Package postgres gives tests a PostgreSQL of their own: a private server,
// made with the programs of an installed PostgreSQL, and on it an empty
// database for every test.
//
// It knows nothing of what is stored there.
package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// ErrNotInstalled means that there is no PostgreSQL on this machine.
var ErrNotInstalled = errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")

const (
	// superuser is the server's only account.
	superuser = "postgres"
	// startTimeout bounds the start of a server on a busy machine.
	startTimeout = 60 * time.Second
	// stopTimeout bounds its end; then it is killed.
	stopTimeout = 10 * time.Second
)

// Options say how a server is run. The zero value is what tests want.
type Options struct {
	// Fsync makes commits durable, on disk, for measurements and crash tests.
	Fsync bool
	// Settings are further server settings, such as "work_mem": "8MB".
	Settings map[string]string
}

// Server is a running PostgreSQL that listens on a unix socket in a directory
// of its own.
type Server struct {
	directory string
	owner     *flock.Flock
	process   *os.Process
	ended     chan struct{} // closed when the process is gone
	stop      sync.Once
}

// Start makes a data directory and runs a server on it, as the user postgres
// if we are root (initdb refuses to run as root), as ourselves otherwise. The
// server ends with Stop, and on Linux also when this process dies. The error is
// ErrNotInstalled where there is nothing to run.
func Start(options Options) (_ *Server, err error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	attributes, err := childAttributes()
	if err != nil {
		return nil, fmt.Errorf("run PostgreSQL as another user: %w", err)
	}
	s := &Server{ended: make(chan struct{})}
	parent := "" // the system's directory for temporary files
	if !options.Fsync {
		parent = memoryDirectory()
	}
	removeLeftovers(parent)
	if s.directory, err = os.MkdirTemp(parent, directoryPattern); err != nil {
		return nil, fmt.Errorf("create directory for PostgreSQL: %w", err)
	}
	s.owner = flock.New(filepath.Join(s.directory, ownerFile))
	defer func() {
		if err != nil {
			err = errors.Join(err, s.remove())
		}
	}()
	if locked, err := s.owner.TryLock(); err != nil || !locked {
		return nil, errors.Join(errors.New("lock directory of PostgreSQL"), err)
	}
	if attributes.Credential != nil {
		if err := os.Chown(s.directory, int(attributes.Credential.Uid), int(attributes.Credential.Gid)); err != nil {
			return nil, fmt.Errorf("hand directory to PostgreSQL's user: %w", err)
		}
	}
	if err := s.initialize(programs, attributes); err != nil {
		return nil, err
	}
	if err := s.run(programs, attributes, options); err != nil {
		return nil, err
	}
	return s, nil
}

// URL returns the address of the server's maintenance database.
func (s *Server) URL() string {
	// Trust is safe: only the directory's owner can reach the socket.
	query := url.Values{"host": {s.directory}}
	return (&url.URL{Scheme: "postgres", User: url.User(superuser), Host: "", Path: "/postgres", RawQuery: query.Encode()}).String()
}

// Stop ends the server and deletes its data. It may be called again.
func (s *Server) Stop() error {
	var err error
	s.stop.Do(func() {
		// An immediate shutdown: nobody needs the data any more.
		if signalErr := s.process.Signal(syscall.SIGQUIT); signalErr != nil && !errors.Is(signalErr, os.ErrProcessDone) {
			err = fmt.Errorf("stop PostgreSQL: %w", signalErr)
		}
		select {
		case <-s.ended:
		case <-time.After(stopTimeout):
			err = errors.Join(err, s.process.Kill())
			<-s.ended
		}
		err = errors.Join(err, s.remove())
	})
	return err
}

// remove deletes the data. The lock goes last: nobody else is to delete them
// at the same time.
func (s *Server) remove() error {
	return errors.Join(os.RemoveAll(s.directory), s.owner.Close())
}

func (s *Server) data() string { return filepath.Join(s.directory, "data") }

func (s *Server) initialize(programs string, attributes *syscall.SysProcAttr) error {
	initdb := filepath.Join(programs, "initdb")
	arguments := []string{"--pgdata", s.data(), "--username", superuser, "--auth", "trust", "--encoding", "UTF8", "--no-sync"}
	// A database whose text does not sort by bytes finds what depends on it.
	// Only PostgreSQL 15 and later can do so without the system's locales.
	if help, err := exec.Command(initdb, "--help").Output(); err == nil && bytes.Contains(help, []byte("--icu-locale")) {
		arguments = append(arguments, "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en-US")
	} else {
		arguments = append(arguments, "--locale", "C.UTF-8")
	}
	command := exec.Command(initdb, arguments...)
	command.Dir = s.directory
	command.SysProcAttr = attributes
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("create PostgreSQL's data directory: %w\n%s", err, output)
	}
	return nil
}

func (s *Server) run(programs string, attributes *syscall.SysProcAttr, options Options) error {
	settings := map[string]string{
		"unix_socket_directories": s.directory,
		"listen_addresses":        "",
		"max_connections":         "200", // several test binaries share a server
		"fsync":                   "off",
		"full_page_writes":        "off",
		"timezone":                "UTC",
		"lc_messages":             "C", // we read the log
	}
	if options.Fsync {
		delete(settings, "fsync")
		delete(settings, "full_page_writes")
	}
	for name, value := range options.Settings {
		settings[name] = value
	}
	arguments := []string{"-D", s.data()}
	for name, value := range settings {
		arguments = append(arguments, "-c", name+"="+value)
	}
	output := newStartLog()
	command := exec.Command(filepath.Join(programs, "postgres"), arguments...)
	command.Dir = s.directory
	command.SysProcAttr = attributes
	command.Stderr = output

	started := make(chan error, 1)
	go func() {
		defer close(s.ended)
		// Linux ends the server when the thread that started it ends, so this
		// one is kept for as long as the server.
		runtime.LockOSThread()
		err := command.Start()
		s.process = command.Process
		started <- err
		if err == nil {
			// How it ends does not matter to anybody: its data go.
			_ = command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	select {
	case <-output.ready:
		return nil
	case <-s.ended:
		return fmt.Errorf("PostgreSQL ended at its start:\n%s", output)
	case <-time.After(startTimeout):
		err := fmt.Errorf("PostgreSQL is not ready after %v:\n%s", startTimeout, output)
		return errors.Join(err, s.Stop())
	}
}
