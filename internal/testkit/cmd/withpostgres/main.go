// Command withpostgres runs another command beside a private PostgreSQL, which
// the tests in it share:
//
//	go run ./internal/testkit/cmd/withpostgres -- go test ./...
//
// Where PostgreSQL is not installed, or POSTRIDER_TEST_POSTGRES names a server
// already, the command simply runs. The exit code is the command's.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/postrider/postrider/internal/testkit/postgres"
)

func main() {
	arguments := os.Args[1:]
	if len(arguments) > 0 && arguments[0] == "--" {
		arguments = arguments[1:]
	}
	if len(arguments) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpostgres -- command [argument …]")
		os.Exit(2)
	}
	code, err := run(arguments)
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(arguments []string) (code int, err error) {
	// Signals are the command's business; we stay to stop the server.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	command := exec.Command(arguments[0], arguments[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if os.Getenv(postgres.Variable) == "" {
		server, err := postgres.Start(postgres.Options{})
		switch {
		case errors.Is(err, postgres.ErrNotInstalled):
			fmt.Fprintln(os.Stderr, "withpostgres: no server is started:", err)
		case err != nil:
			return 1, err
		default:
			defer func() { err = errors.Join(err, server.Stop()) }()
			command.Env = append(os.Environ(), postgres.Variable+"="+server.URL())
		}
	}
	if err := command.Start(); err != nil {
		return 1, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		select {
		case s := <-signals:
			// It may be gone, or have had the terminal's signal itself.
			_ = command.Process.Signal(s)
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return max(exit.ExitCode(), 1), nil // -1 when a signal ended it
			}
			return 0, err
		}
	}
}
