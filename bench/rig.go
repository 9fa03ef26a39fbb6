package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/postrider/postrider/bench/internal/load"
	"github.com/postrider/postrider/bench/internal/proc"
	"github.com/postrider/postrider/bench/internal/report"
)

// rig is the ground that subjects are measured on: a directory for this run,
// and what stands around a subject.
type rig struct {
	self string // this program, for its subcommands
	root string // of the source tree
	dir  string // of this run
	plan *runCommand
	runs int // subjects and tools started so far
	// balance is the rate found for a subject by balanced.
	balance map[report.Subject]float64
	// drained is the rate of notifications seen last.
	drained map[report.Subject]float64
}

func newRig(plan *runCommand) (*rig, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(plan.Dir, "postrider-bench-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	return &rig{self: self, root: root, dir: dir, plan: plan, balance: make(map[report.Subject]float64), drained: make(map[report.Subject]float64)}, nil
}

// findRoot returns the directory of go.mod, here or above.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the source tree: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("run this inside the source tree")
		}
		dir = filepath.Dir(dir)
	}
}

// log returns a fresh file for the log of a process.
func (r *rig) log(name string) string {
	r.runs++
	return filepath.Join(r.dir, fmt.Sprintf("%03d-%s.log", r.runs, name))
}

// posting is a load process at work.
type posting struct {
	*proc.Process
	window chan struct{} // closed when its window begins
	result chan *load.Result
}

// post starts a load of webhooks against a subject. First sets its webhooks
// apart from those of other loads against the same.
func (r *rig) post(s *subject, first uint64, args ...string) (*posting, error) {
	return r.postTo(s, "/webhook", append([]string{
		"--connections", strconv.Itoa(r.plan.Connections), "--messages", strconv.Itoa(r.plan.Messages),
		"--first", strconv.FormatUint(first, 10),
	}, args...)...)
}

func (r *rig) postTo(s *subject, path string, args ...string) (*posting, error) {
	read, write := io.Pipe()
	p, err := proc.Start(proc.Spec{
		Name: "load", Path: r.self, Log: r.log("load"), Output: write,
		Args: append([]string{
			"load", s.url + path, "--username", username, "--password", password,
		}, args...),
	})
	if err != nil {
		return nil, err
	}
	job := &posting{p, make(chan struct{}), make(chan *load.Result, 1)}
	go func() { // ends with the process's output
		defer close(job.result)
		for lines := bufio.NewScanner(read); lines.Scan(); {
			if lines.Text() == windowBegins {
				close(job.window)
				continue
			}
			var result load.Result
			if json.Unmarshal(lines.Bytes(), &result) == nil {
				job.result <- &result
			}
		}
	}()
	go func() {
		_ = p.Wait(context.Background()) // finish tells how it ended
		write.Close()
	}()
	return job, nil
}

// finish waits for the result.
func (j *posting) finish(ctx context.Context) (*load.Result, error) {
	if err := j.Wait(ctx); err != nil {
		return nil, err
	}
	result := <-j.result
	if result == nil {
		return nil, errors.New("load: ended without a result")
	}
	if result.Posted == 0 {
		return nil, errors.New("load: nothing was accepted")
	}
	return result, nil
}

// output runs a command and returns what it prints, trimmed.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	var text strings.Builder
	if err := command(ctx, dir, &text, name, args...); err != nil {
		return "", err
	}
	return strings.TrimSpace(text.String()), nil
}
