package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen: far beyond what
// it takes, so that a busy machine fails no test.
const patience = 60 * time.Second

// within returns a context that ends with the test, or after patience.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually asks until there is nothing to complain about: for what can only
// be asked, and does not announce itself.
func eventually(t testing.TB, complaint func() error) {
	t.Helper()
	eventuallyUntil(t, time.Now().Add(patience), complaint)
}

// eventuallyUntil is eventually for what takes its time.
func eventuallyUntil(t testing.TB, deadline time.Time, complaint func() error) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := complaint()
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("still not in time: %v", err)
		}
	}
}

// process is a running program. At the end of its test it is killed if it
// still runs; that it ended by itself before, or panicked, fails the test.
type process struct {
	t        testing.TB
	system   *os.Process
	out, log *transcript // stdout and stderr
	ended    chan struct{}
	exit     *exec.ExitError // once ended; nil is exit code 0
	expected atomic.Bool     // the test has to do with its end
}

// startProcess starts a program. out, if given, becomes its standard output.
func startProcess(t testing.TB, environment []string, out *os.File, program string, arguments ...string) *process {
	t.Helper()
	p := &process{t: t, out: new(transcript), log: new(transcript), ended: make(chan struct{})}
	command := exec.Command(program, arguments...)
	command.Env = environment
	command.SysProcAttr = childAttributes()
	command.Stdout, command.Stderr = p.out, p.log
	if out != nil {
		command.Stdout = out
	}
	started := make(chan error, 1)
	go func() { // ends with the process
		defer close(p.ended)
		// Linux ends a child when the thread that started it ends.
		runtime.LockOSThread()
		err := command.Start()
		p.system = command.Process
		started <- err
		if err == nil {
			_ = errors.As(command.Wait(), &p.exit)
		}
		p.out.end()
		p.log.end()
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.cleanUp)
	return p
}

func (p *process) cleanUp() {
	select {
	case <-p.ended:
		if !p.expected.Load() {
			p.t.Errorf("process %d ended by itself, with exit code %d", p.system.Pid, p.exitCode())
		}
	default:
		p.kill()
	}
	log := p.log.String()
	for _, unwanted := range []string{
		"panic:", "http: panic serving", "fatal error:", "DATA RACE",
		// A log says nothing of people, what they write, and secrets.
		"@" + domain, text, saying, hookPassword, adminPassword, chatPassword, apiKey, providerPassword, providerSecret,
	} {
		if strings.Contains(log, unwanted) {
			p.t.Errorf("process %d: the log has a %q", p.system.Pid, unwanted)
		}
	}
	if p.t.Failed() {
		p.t.Logf("process %d: stdout:\n%s\nstderr:\n%s", p.system.Pid, tail(p.out.String()), tail(log))
	}
}

// tail is the end of a long text.
func tail(text string) string {
	const enough = 4000
	if len(text) > enough {
		return "…" + text[len(text)-enough:]
	}
	return text
}

// kill ends the process at once, and returns when it is gone.
func (p *process) kill() {
	p.expected.Store(true)
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// signal sends a signal. A process that is gone already gets none.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.system.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("send %v: %v", s, err)
	}
}

// stop asks the process to end, and wants it to do so in good order.
func (p *process) stop() {
	p.t.Helper()
	p.expected.Store(true)
	p.signal(syscall.SIGTERM)
	p.awaitExit(0)
}

// awaitExit waits for the end of the process.
func (p *process) awaitExit(code int) {
	p.t.Helper()
	p.expected.Store(true)
	select {
	case <-p.ended:
	case <-within(p.t).Done():
		p.t.Fatalf("process %d does not end", p.system.Pid)
	}
	if got := p.exitCode(); got != code {
		p.t.Errorf("process %d: exit code %d, want %d", p.system.Pid, got, code)
	}
}

// exitCode of a process that has ended; -1 if a signal ended it.
func (p *process) exitCode() int {
	if p.exit == nil {
		return 0
	}
	return p.exit.ExitCode()
}

// awaitLog waits for a record of the log whose message begins like that.
func (p *process) awaitLog(message string) record {
	p.t.Helper()
	var found record
	err := p.log.await(within(p.t), "the log to say "+message, func(log string) (ok bool) {
		found, ok = find(log, message)
		return ok
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

// result is what a command did that has ended.
type result struct {
	code        int
	out, errOut string
}

// runProgram runs a program to its end.
func runProgram(t testing.TB, environment []string, input, program string, arguments ...string) result {
	t.Helper()
	command := exec.CommandContext(within(t), program, arguments...)
	command.Env = environment
	command.Stdin = strings.NewReader(input)
	var out, errOut bytes.Buffer
	command.Stdout, command.Stderr = &out, &errOut
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", strings.Join(arguments, " "), err)
	}
	return result{command.ProcessState.ExitCode(), out.String(), errOut.String()}
}
