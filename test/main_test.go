// Package e2e_test looks at Postrider from outside: the built binary, over
// real HTTP, real SMTP and real databases. What one package can show alone
// stands in that package's tests.
//
// The binary is built once for a run, without the race detector: what is tested
// is what is shipped. POSTRIDER_TEST_SOAK=1 makes the tests that kill processes
// go on for longer.
package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/postrider/postrider/internal/testkit/postgres"
)

var (
	// binary is the path of the built program.
	binary string
	// databases is the PostgreSQL of this run.
	databases postgres.Shared
	// soak: take the time that certainty takes.
	soak = os.Getenv("POSTRIDER_TEST_SOAK") == "1"
)

func TestMain(m *testing.M) {
	if serveFleetMember() {
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "postrider-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}()
	if binary, err = build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return databases.Main(m)
}

const source = "../cmd/postrider"

func build(dir string) (string, error) {
	path := filepath.Join(dir, "postrider")
	command := exec.Command("go", "build", "-buildvcs=false", "-o", path, source)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, output)
	}
	return path, nil
}

// readSource reads the command's source. The go command remembers which files
// tests have read (not TestMain, alas), and the results with them: without
// this, a change of the command alone would be answered with the last run's.
// Of the other packages it knows, because this one imports them.
var readSource = sync.OnceValue(func() error {
	files, err := filepath.Glob(source + "/*.go")
	if err == nil && len(files) == 0 {
		err = errors.New("the command has no source")
	}
	for _, file := range files {
		_, readErr := os.ReadFile(file)
		err = errors.Join(err, readErr)
	}
	return err
})
