package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/postrider/postrider/internal/testkit"
	"github.com/postrider/postrider/internal/testkit/postgres"
)

var server postgres.Shared

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := connection.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return connection
}

func setting(t *testing.T, connection *pgx.Conn, name string) (value string) {
	t.Helper()
	if err := connection.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestEveryURLIsAnEmptyDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	first, second := server.URL(t), server.URL(t)
	if first == second {
		t.Fatalf("the same database twice: %s", first)
	}
	if _, err := connect(t, first).Exec(t.Context(), `CREATE TABLE things (id BIGINT)`); err != nil {
		t.Fatal(err)
	}
	var tables int
	err := connect(t, second).QueryRow(t.Context(), `SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables)
	if err != nil || tables != 0 {
		t.Errorf("the second database has %d tables (%v), want none", tables, err)
	}
}

func TestDatabaseIsDroppedWithItsTest(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("user", func(t *testing.T) { url = server.URL(t) })
	if url == "" {
		t.Skip("the part was skipped")
	}
	connection, err := pgx.Connect(t.Context(), url)
	if err == nil {
		_ = connection.Close(t.Context())
		t.Error("the database is still there")
	}
}

func TestServerIsStoppedForGood(t *testing.T) {
	t.Parallel()
	server.URL(t) // skips where there is no PostgreSQL
	own, err := postgres.Start(postgres.Options{Fsync: true, Settings: map[string]string{"work_mem": "9MB"}})
	if err != nil {
		t.Fatal(err)
	}
	connection := connect(t, own.URL())
	for name, want := range map[string]string{"fsync": "on", "work_mem": "9MB", "max_connections": "200"} {
		if got := setting(t, connection, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for range 2 {
		if err := own.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pgx.Connect(t.Context(), own.URL()); err == nil {
		t.Error("the stopped server answers")
	}
}

// withPostgres builds the command that runs another beside a server.
func withPostgres(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	server.URL(t) // skips where there is no PostgreSQL
	program := filepath.Join(t.TempDir(), "withpostgres")
	if output, err := exec.Command("go", "build", "-o", program, "../cmd/withpostgres").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	command := exec.Command(program, append([]string{"--"}, arguments...)...)
	command.Env = append(os.Environ(), postgres.Variable+"=")
	return command
}

func TestWithPostgres(t *testing.T) {
	t.Parallel()
	output, err := withPostgres(t, "sh", "-c", "echo $"+postgres.Variable+"; exit 3").Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("ended with %v, want the command's exit code 3", err)
	}
	url := strings.TrimSpace(string(output))
	if !strings.HasPrefix(url, "postgres://") {
		t.Fatalf("the command was given %q for a server", url)
	}
	if _, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("the server outlived the command")
	}
}

func TestServerEndsWithAKilledProcess(t *testing.T) {
	t.Parallel()
	testkit.Need(t, runtime.GOOS == "linux", "Linux, which alone ends a server with its parent,")
	command := withPostgres(t, "sh", "-c", "echo $"+postgres.Variable+"; read end")
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close() // ends the shell
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	connection := connect(t, address.String())
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := connection.WaitForNotification(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("the server went on without its process (%v)", err)
	}
	// Its data go with the next start.
	next, err := postgres.Start(postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer next.Stop()
	if _, err := os.Stat(address.Query().Get("host")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data of the server are still there (%v)", err)
	}
}
