package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"github.com/postrider/postrider/bench/internal/proc"
	"github.com/postrider/postrider/bench/internal/report"
	"github.com/postrider/postrider/internal/testkit/postgres"
)

const (
	username = "bench"
	password = "bench-password"

	startTimeout = 60 * time.Second
)

// subject is a receiver that runs and is ready.
type subject struct {
	*proc.Process
	name report.Subject
	url  string
	took time.Duration // from exec to ready
	// release gives back what it stood on, after it has ended.
	release func() error
}

// end stops the subject and removes what it wrote.
func (s *subject) end() error {
	s.Stop()
	return s.release()
}

// start runs a subject on an empty database, with mails going to the sink.
func (r *rig) start(ctx context.Context, name report.Subject, mailServer string) (*subject, error) {
	switch name {
	case report.Peer:
		return r.startPeer(ctx, mailServer)
	case report.PostgreSQL:
		return r.startOnPostgres(ctx, mailServer)
	default:
		dir, err := os.MkdirTemp(r.dir, "data-")
		if err != nil {
			return nil, fmt.Errorf("make data directory: %w", err)
		}
		return r.startOn(ctx, dir, mailServer, func() error { return os.RemoveAll(dir) })
	}
}

// prepare builds Postrider and installs what the peer needs.
func (r *rig) prepare(ctx context.Context) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", r.postrider(), "./cmd/postrider")
	build.Dir = r.root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build postrider: %w\n%s", err, text)
	}
	if !slices.Contains(r.plan.Subjects, string(report.Peer)) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(r.peer(), "node_modules")); errors.Is(err, os.ErrNotExist) {
		if err := command(ctx, r.peer(), os.Stderr, "npm", "ci"); err != nil {
			return fmt.Errorf("install the peer: %w", err)
		}
	}
	return nil
}

func (r *rig) postrider() string { return filepath.Join(r.dir, "postrider") }

func (r *rig) peer() string { return filepath.Join(r.root, "bench", "peers", "express-nodemailer") }

// startOn runs Postrider on SQLite in a data directory.
func (r *rig) startOn(ctx context.Context, dataDir string, mailServer string, release func() error) (*subject, error) {
	return r.serve(ctx, report.SQLite, mailServer, release, "POSTRIDER_DATA_DIR="+dataDir)
}

// startOnPostgres runs a PostgreSQL of its own beside Postrider, with its
// default settings but for where it listens: commits are on disk.
func (r *rig) startOnPostgres(ctx context.Context, mailServer string) (*subject, error) {
	server, err := postgres.Start(postgres.Options{Fsync: true})
	if err != nil {
		return nil, err
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	s, err := r.serve(ctx, report.PostgreSQL, mailServer, server.Stop,
		"POSTRIDER_DATABASE_URL="+server.URL(), "POSTRIDER_SECRET_KEY="+base64.StdEncoding.EncodeToString(key[:]))
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return s, nil
}

func (r *rig) serve(ctx context.Context, name report.Subject, mailServer string, release func() error, env ...string) (*subject, error) {
	port, err := proc.FreePort()
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	return r.run(ctx, name, release, "http://"+address, "/readyz", proc.Spec{
		Path: r.postrider(), Args: []string{"serve"},
		Env: append(env,
			"POSTRIDER_LISTEN="+address, "POSTRIDER_METRICS_LISTEN=", "POSTRIDER_LOG_LEVEL=warn",
			"POSTRIDER_WEBHOOK_USERNAME="+username, "POSTRIDER_WEBHOOK_PASSWORD="+password,
			fmt.Sprintf("POSTRIDER_SMTP_URL=smtp://%s?tls=none&pool=%d", mailServer, mailConnections),
		),
	})
}

func (r *rig) startPeer(ctx context.Context, mailServer string) (*subject, error) {
	host, mailPort, err := net.SplitHostPort(mailServer)
	if err != nil {
		return nil, fmt.Errorf("address of the mail server: %w", err)
	}
	port, err := proc.FreePort()
	if err != nil {
		return nil, err
	}
	return r.run(ctx, report.Peer, func() error { return nil }, "http://127.0.0.1:"+strconv.Itoa(port), "/healthz", proc.Spec{
		Path: "node", Args: []string{"server.js"}, Dir: r.peer(),
		Env: []string{
			"NODE_ENV=production", "PORT=" + strconv.Itoa(port),
			"WEBHOOK_USERNAME=" + username, "WEBHOOK_PASSWORD=" + password,
			"SMTP_HOST=" + host, "SMTP_PORT=" + mailPort, "MAIL_CONNECTIONS=" + strconv.Itoa(mailConnections),
		},
	})
}

// run starts a subject and waits until it is ready.
func (r *rig) run(ctx context.Context, name report.Subject, release func() error, base, ready string, spec proc.Spec) (*subject, error) {
	spec.Name, spec.Log = string(name), r.log(string(name))
	begun := time.Now()
	p, err := proc.Start(spec)
	if err != nil {
		return nil, err
	}
	at, err := p.Ready(ctx, base+ready, startTimeout, 5*time.Millisecond)
	if err != nil {
		p.Kill()
		return nil, err
	}
	return &subject{p, name, base, at.Sub(begun), release}, nil
}

// postgresVersion returns the version of the PostgreSQL that would be started.
func postgresVersion(ctx context.Context) (version string, err error) {
	server, err := postgres.Start(postgres.Options{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	db, err := sql.Open("pgx", server.URL())
	if err != nil {
		return "", fmt.Errorf("ask PostgreSQL: %w", err)
	}
	defer db.Close()
	if err := db.QueryRowContext(ctx, `SHOW server_version`).Scan(&version); err != nil {
		return "", fmt.Errorf("ask PostgreSQL: %w", err)
	}
	return version, nil
}

// command runs a command to its end.
func command(ctx context.Context, dir string, stdout io.Writer, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
