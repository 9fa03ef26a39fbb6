//go:build linux

package mta

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// The account, and the limits.
const (
	Username = "user"
	Password = "pass word,=ä"
	MaxSize  = 200_000 // octets of a mail
)

// Recipients are those that exist.
func Recipients() []string { return []string{"to@example.com", "tö@example.com"} }

// Server is a running mail server.
type Server struct {
	Port int
	// Mechanisms are the logins it offers, of the SCRAM family the best.
	Mechanisms []string
	Roots      *x509.CertPool // with the authority behind its certificate

	dir string
}

// setting is what both servers are started with.
type setting struct {
	dir, mail, certificate, key string
	port                        int
	owner                       *user.User
}

// requireVariable is the environment variable that, set to 1, forbids to skip.
const requireVariable = "POSTRIDER_TEST_REQUIRE_MTA"

// need skips a test that cannot run here, or fails it where it has to.
func need(t testing.TB, ok bool, what string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv(requireVariable) == "1":
		t.Fatalf("%s is needed, and %s=1 forbids to skip", what, requireVariable)
	default:
		t.Skipf("NOT TESTED: %s is needed", what)
	}
}

const patience = 30 * time.Second

// prepare makes the directory of a server whose files belong to owner.
func prepare(t testing.TB, owner string) (setting, *x509.CertPool) {
	t.Helper()
	dir, err := os.MkdirTemp("", "postrider-mta-") //nolint:usetesting // the server's account may not enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	account, err := user.Lookup(owner)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, roots, err := smtpserver.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	s := setting{
		dir: dir, mail: filepath.Join(dir, "mail"), owner: account, port: freePort(t),
		certificate: filepath.Join(dir, "certificate.pem"), key: filepath.Join(dir, "key.pem"),
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(s.mail, 0o700)); err != nil {
		t.Fatal(err)
	}
	write(t, s.certificate, string(certificate))
	write(t, s.key, string(key))
	s.give(t, s.mail, s.certificate, s.key)
	return s, roots
}

// give hands files to the server's account.
func (s setting) give(t testing.TB, paths ...string) {
	t.Helper()
	uid, err1 := strconv.Atoi(s.owner.Uid)
	gid, err2 := strconv.Atoi(s.owner.Gid)
	err := errors.Join(err1, err2)
	for _, path := range paths {
		err = errors.Join(err, os.Chown(path, uid, gid))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// run starts the server's program, waits until it answers, and ends it, with
// everything that it has started, when the test does.
func run(t testing.TB, s setting, program string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, &out
	// Postfix makes itself a session, and ends if it cannot.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: filepath.Base(program) != "master"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(patience):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the rest of its group, if there is any
		if t.Failed() {
			t.Logf("%s said:\n%s\n%s", filepath.Base(program), out.Bytes(), s.logs())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.answers(ctx, exited); err != nil {
		t.Fatalf("%s: %v", filepath.Base(program), err)
	}
}

// answers returns once there is a greeting.
func (s setting) answers(ctx context.Context, exited chan error) error {
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), time.Second)
		if err == nil {
			var greeting [3]byte
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			_, err = c.Read(greeting[:])
			_ = c.Close()
			if err == nil && string(greeting[:]) == "220" {
				return nil
			}
		}
		select {
		case err := <-exited:
			exited <- err
			return fmt.Errorf("it has ended: %w", errors.Join(err, errors.New("before it answered")))
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", errors.Join(ctx.Err(), err))
		case <-retry.C:
		}
	}
}

func (s setting) logs() []byte {
	var all []byte
	for _, pattern := range []string{"*log", "spool/*log"} {
		paths, _ := filepath.Glob(filepath.Join(s.dir, pattern))
		for _, path := range paths {
			text, _ := os.ReadFile(path)
			all = append(all, text...)
		}
	}
	return all
}

// Mails returns the mails that are in the mailboxes once there are n.
func (s *Server) Mails(ctx context.Context, n int) ([][]byte, error) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		paths, err := filepath.Glob(filepath.Join(s.dir, "mail", "*", "new", "*"))
		if err != nil {
			return nil, err
		}
		if len(paths) >= n {
			return readAll(paths)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d mails are there: %w", len(paths), n, ctx.Err())
		case <-look.C:
		}
	}
}

func readAll(paths []string) ([][]byte, error) {
	var mails [][]byte
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		mails = append(mails, text)
	}
	return mails, nil
}
