package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/postrider/postrider/bench/internal/hook"
	"github.com/postrider/postrider/bench/internal/proc"
	"github.com/postrider/postrider/bench/internal/sink"
)

// outlet is what a subject hands things to, in a process of its own: this program,
// under the subcommand of its name.
type outlet[Stats any] struct {
	*proc.Process
	address string // host and port
	control string // URL
	// come tells how many have come so far of what is called this.
	come func(*Stats) int64
	what string
}

// sinkProcess takes mails, hookProcess calls.
type (
	sinkProcess = outlet[sink.Stats]
	hookProcess = outlet[hook.Stats]
)

func (r *rig) startSink(ctx context.Context) (*sinkProcess, error) {
	return startOutlet(ctx, r, "sink", "mails", func(s *sink.Stats) int64 { return s.Mails })
}

func (r *rig) startHook(ctx context.Context) (*hookProcess, error) {
	return startOutlet(ctx, r, "hook", "calls", func(s *hook.Stats) int64 { return s.Calls })
}

// providerURL is where a custom provider is called.
func providerURL(h *hookProcess) string { return "http://" + h.address + "/notify" }

func startOutlet[Stats any](ctx context.Context, r *rig, name, what string, come func(*Stats) int64) (*outlet[Stats], error) {
	var addresses [2]string
	for i := range addresses {
		port, err := proc.FreePort()
		if err != nil {
			return nil, err
		}
		addresses[i] = "127.0.0.1:" + strconv.Itoa(port)
	}
	process, err := proc.Start(proc.Spec{
		Name: name, Path: r.self, Args: []string{name, "--listen", addresses[0], "--control", addresses[1]}, Log: r.log(name),
	})
	if err != nil {
		return nil, err
	}
	p := &outlet[Stats]{process, addresses[0], "http://" + addresses[1], come, what}
	if _, err := p.Ready(ctx, p.control+"/stats", 10*time.Second, 10*time.Millisecond); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

func (p *outlet[Stats]) stats(ctx context.Context) (stats Stats, err error) {
	content, err := p.ask(ctx, http.MethodGet, "/stats")
	if err == nil {
		err = json.Unmarshal(content, &stats)
	}
	return stats, err
}

// ask asks its control.
func (p *outlet[Stats]) ask(ctx context.Context, method, path string) ([]byte, error) {
	fault := func(err error) ([]byte, error) { return nil, fmt.Errorf("ask where the %s go: %w", p.what, err) }
	req, err := http.NewRequestWithContext(ctx, method, p.control+path, http.NoBody)
	if err != nil {
		return fault(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fault(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return fault(err)
	}
	if resp.StatusCode != http.StatusOK {
		return fault(fmt.Errorf("answered %s", resp.Status))
	}
	return content, nil
}

const drainPoll = 50 * time.Millisecond

// await returns when so many have come, or an error if for a while none came any
// more.
func (p *outlet[Stats]) await(ctx context.Context, many int64) error {
	const patience = 15 * time.Second
	last, progress := int64(-1), time.Now()
	ticker := time.NewTicker(drainPoll)
	defer ticker.Stop()
	for {
		stats, err := p.stats(ctx)
		if err != nil {
			return err
		}
		switch come := p.come(&stats); {
		case come >= many:
			return nil
		case come != last:
			last, progress = come, time.Now()
		case time.Since(progress) > patience:
			return fmt.Errorf("%d %s were to come but only %d did", many, p.what, come)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
