// Package proc runs the programs that are measured and reads from the system
// what they cost. What it reads stands in /proc: measuring needs Linux.
package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Spec is a program to run.
type Spec struct {
	Name string // as errors call it
	Path string
	Args []string
	Env  []string // all of it, beside PATH, HOME and TMPDIR
	Dir  string
	// Log is a file that its stderr is appended to, and its stdout unless
	// Output is set.
	Log    string
	Output io.Writer
}

// Process is a running program. It ends with this process at the latest.
type Process struct {
	Name  string
	log   string
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // of Wait; valid once ended
	stop  sync.Once
}

// stopTimeout is how long a program may take to end; then it is killed.
const stopTimeout = 30 * time.Second

// Start runs a program.
func Start(spec Spec) (*Process, error) {
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Dir = spec.Dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}, spec.Env...)
	cmd.SysProcAttr = attributes()
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	cmd.Stderr, cmd.Stdout = log, log
	if spec.Output != nil {
		cmd.Stdout = spec.Output
	}
	p := &Process{Name: spec.Name, log: spec.Log, cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer close(p.ended)
		defer log.Close()
		// Linux ends the program when the thread that started it ends, so
		// this one is kept as long as the program runs.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	return p, nil
}

// Ended is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait returns when the program has ended, with an error if it failed.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.Kill()
		return ctx.Err()
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w (its log: %s)", p.Name, p.err, p.log)
	}
	return nil
}

// Stop ends the program gently, and waits for its end.
func (p *Process) Stop() {
	p.stop.Do(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		select {
		case <-p.ended:
		case <-time.After(stopTimeout):
			p.Kill()
		}
	})
}

// Kill ends the program at once (SIGKILL), and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// Ready waits until a URL is answered 200, and returns when that was.
func (p *Process) Ready(ctx context.Context, url string, timeout, every time.Duration) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if ok(ctx, url) {
			return time.Now(), nil
		}
		select {
		case <-ticker.C:
		case <-p.ended:
			return time.Time{}, errors.Join(fmt.Errorf("%s ended at its start (its log: %s)", p.Name, p.log), p.err)
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("%s is not ready after %v (its log: %s)", p.Name, timeout, p.log)
		}
	}
}

func ok(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // the status is all that matters
	return resp.StatusCode == http.StatusOK
}

// FreePort returns a port of 127.0.0.1 that nobody listens on at the moment.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
