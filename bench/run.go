package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/postrider/postrider/bench/internal/digest"
	"github.com/postrider/postrider/bench/internal/proc"
	"github.com/postrider/postrider/bench/internal/report"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/internal/testkit/postgres"
	"github.com/postrider/postrider/notification"
)

// mailConnections is how many SMTP connections everybody may use.
const mailConnections = 16

type runCommand struct {
	Rounds      int           `default:"3" help:"Rounds; the report shows medians."`
	Half        string        `enum:"both,provider,engine" default:"both" help:"Measure the provider (webhooks in, mails out), the engine (events in, webhooks out), or both."`
	Only        []string      `enum:"idle,accept,drain,ceiling,pending,notify,events,group,burst,windows" default:"idle,accept,drain,ceiling,pending,notify,events,group,burst,windows" help:"Measure only these; the last five are the engine's."`
	Subjects    []string      `enum:"peer,sqlite,postgres" default:"peer,sqlite,postgres" help:"Measure only these receivers."`
	Cores       int           `default:"2" help:"Use so many cores for everything."`
	Connections int           `default:"64" help:"Connections that post webhooks."`
	Messages    int           `default:"8" help:"Messages in a digest."`
	Warmup      time.Duration `default:"2s" help:"Load before a window."`
	Window      time.Duration `default:"6s" help:"What is measured at a time."`
	Rest        time.Duration `default:"10s" help:"Rest before memory is read."`
	Backlog     int           `default:"40000" help:"Webhooks of the backlog."`
	Pending     int           `default:"1000000" help:"Pending deliveries."`
	Chatters    int           `default:"256" help:"Connections that post events."`
	Due         int           `default:"30000" help:"Windows of which the rate of notifications is measured."`
	Burst       int           `default:"100000" help:"Windows that are due at once beside webhooks."`
	BurstRate   float64       `default:"200" help:"Webhooks per second beside a burst."`
	Groups      int           `default:"200" help:"Groups that get a message each."`
	Members     int           `default:"1000" help:"Members of each."`
	Windows     int           `default:"1000000" help:"Open windows."`
	Speed       float64       `default:"1" help:"Divides the engine's waits in the servers under test."`
	Quick       bool          `help:"One round with short windows and a tenth of everything: to see that it works."`
	Dir         string        `default:"/var/tmp" help:"Where databases are made; on a disk, not in memory."`
	Out         string        `default:"docs" help:"Directory of the report; with --quick nothing is written unless this is another."`
	Keep        bool          `help:"Keep the logs of all processes."`
}

func (c *runCommand) subjects() []report.Subject {
	var names []report.Subject
	for _, s := range c.Subjects {
		names = append(names, report.Subject(s))
	}
	return names
}

func (c *runCommand) measures(name string) bool {
	half := "provider"
	if slices.Contains([]string{"notify", "events", "group", "burst", "windows"}, name) {
		half = "engine"
	}
	return slices.Contains(c.Only, name) && (c.Half == "both" || c.Half == half)
}

// measuresHalf reports whether anything of a half is measured.
func (c *runCommand) measuresHalf(names ...string) bool {
	return slices.ContainsFunc(names, c.measures)
}

// Run measures as planned.
func (c *runCommand) Run(ctx context.Context) (err error) {
	if c.Quick {
		c.Rounds, c.Warmup, c.Window, c.Rest = 1, c.Warmup/3, c.Window/4, c.Rest/10
		c.Backlog, c.Pending = c.Backlog/4, c.Pending/10
		c.Due, c.Burst, c.Groups, c.Windows = c.Due/4, c.Burst/10, c.Groups/4, c.Windows/10
	}
	if c.Half == "engine" { // the peer has none
		c.Subjects = slices.DeleteFunc(c.Subjects, func(s string) bool { return s == string(report.Peer) })
	}
	if err := proc.UseCores(c.Cores); err != nil {
		return err
	}
	r, err := newRig(c)
	if err != nil {
		return err
	}
	defer func() {
		if err == nil && !c.Keep {
			err = os.RemoveAll(r.dir)
		} else {
			r.progress("logs and data are kept in %s", r.dir)
		}
	}()
	// What makes temporary directories for itself, such as PostgreSQL, is to
	// use the same disk.
	if err := os.Setenv("TMPDIR", r.dir); err != nil {
		return fmt.Errorf("set TMPDIR: %w", err)
	}
	if err := os.Chmod(r.dir, 0o711); err != nil { // PostgreSQL runs as another user
		return fmt.Errorf("open directory: %w", err)
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	results, err := r.measure(ctx)
	if err != nil {
		return err
	}
	if c.Quick && c.Out == "docs" {
		report.Print(os.Stdout, results)
		return nil
	}
	out := filepath.Join(r.root, c.Out)
	if filepath.IsAbs(c.Out) {
		out = c.Out
	}
	if results, err = c.join(out, results); err != nil {
		return err
	}
	return report.Write(out, results)
}

// join takes the half that was not measured from the numbers of the last run.
func (c *runCommand) join(out string, results *report.Results) (*report.Results, error) {
	if results.Engine != nil && len(results.Rounds) > 0 {
		return results, nil
	}
	last, err := report.Load(filepath.Join(out, report.DataFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return results, nil
	case err != nil:
		return nil, err
	case results.Engine == nil:
		results.Engine = last.Engine
		return results, nil
	default:
		last.Engine = results.Engine
		return last, nil
	}
}

// measure runs all rounds. Within a round the subjects take turns, so that
// what changes about the machine changes for all of them.
func (r *rig) measure(ctx context.Context) (*report.Results, error) {
	c, begun := r.plan, time.Now()
	results, err := r.describe(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.listen(ctx); err != nil {
		return nil, err
	}
	if c.measuresHalf("idle", "accept", "drain", "ceiling", "pending") {
		if err := r.measureProvider(ctx, results); err != nil {
			return nil, err
		}
	}
	results.Took = report.Duration(time.Since(begun).Round(time.Second))
	if c.measuresHalf("notify", "events", "group", "burst", "windows") {
		results.Engine, err = r.measureEngine(ctx, results)
	}
	return results, err
}

// measureProvider measures webhooks in and mails out.
func (r *rig) measureProvider(ctx context.Context, results *report.Results) error {
	c := r.plan
	message, err := r.message()
	if err != nil {
		return err
	}
	for round := range c.Rounds {
		r.progress("round %d of %d", round+1, c.Rounds)
		seen, err := r.round(ctx, message, results)
		if err != nil {
			return err
		}
		results.Rounds = append(results.Rounds, seen)
	}
	if c.measures("pending") && slices.Contains(c.Subjects, string(report.SQLite)) {
		return r.pending(ctx, results)
	}
	return nil
}

// listen warns if somebody else uses the machine.
func (r *rig) listen(ctx context.Context) error {
	before, err := proc.BusyCPU()
	if err != nil {
		return err
	}
	const while = 2 * time.Second
	select {
	case <-time.After(while):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := proc.BusyCPU()
	if err != nil {
		return err
	}
	if busy := (after - before).Seconds() / while.Seconds(); busy > 0.1 {
		r.progress("WARNING: other programs keep %.1f cores busy; the numbers will be theirs as much as ours", busy)
	}
	return nil
}

func (r *rig) round(ctx context.Context, message string, results *report.Results) (round report.Round, err error) {
	c := r.plan
	if c.measures("idle") {
		if round.Idle, err = r.idle(ctx); err != nil {
			return round, err
		}
	}
	round.Accept, round.Half = make(map[report.Subject]report.Accept), make(map[report.Subject]report.Accept)
	round.Balanced = make(map[report.Subject]report.Accept)
	round.Drain = make(map[report.Subject]report.Drain)
	for _, name := range c.subjects() {
		if c.measures("accept") {
			if round.Accept[name], round.Half[name], err = r.accepting(ctx, name, results); err != nil {
				return round, err
			}
			if round.Balanced[name], err = r.balanced(ctx, name, round.Accept[name]); err != nil {
				return round, err
			}
		}
	}
	for _, name := range c.subjects() {
		if c.measures("drain") {
			if round.Drain[name], err = r.draining(ctx, name); err != nil {
				return round, err
			}
		}
	}
	if c.measures("ceiling") {
		if round.Ceiling, err = r.ceiling(ctx, message, false); err != nil {
			return round, err
		}
		if round.Pipelined, err = r.ceiling(ctx, message, true); err != nil {
			return round, err
		}
	}
	return round, nil
}

// message writes the mail that the raw loop sends: the one Postrider makes of
// the digest.
func (r *rig) message() (string, error) {
	template, err := digest.New(r.plan.Messages)
	if err != nil {
		return "", err
	}
	body := template.Copy()
	template.Number(body, 1)
	n, err := notification.Decode(body)
	if err != nil {
		return "", fmt.Errorf("read digest: %w", err)
	}
	renderer := render.New(render.Config{From: mail.Address{Name: "Postrider", Address: "postrider@localhost"}})
	data, err := renderer.Mail(n, render.Envelope{DeliveryID: "0190a5c4-7a3e-7000-8000-000000000001", To: n.Data.To.Email, Date: time.Now()})
	if err != nil {
		return "", err
	}
	path := filepath.Join(r.dir, "message.eml")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return "", fmt.Errorf("write message: %w", err)
	}
	return path, nil
}

// describe fills in what does not change from round to round.
func (r *rig) describe(ctx context.Context) (*report.Results, error) {
	c := r.plan
	results := &report.Results{
		Date: time.Now().UTC().Truncate(time.Second), Commit: r.commit(ctx),
		Plan: report.Plan{
			Rounds: c.Rounds, Connections: c.Connections, MailConnections: mailConnections, Messages: c.Messages,
			Warmup: report.Duration(c.Warmup), Window: report.Duration(c.Window), Backlog: c.Backlog, Pending: c.Pending,
		},
		MailBytes: make(map[report.Subject]int64),
	}
	template, err := digest.New(c.Messages)
	if err != nil {
		return nil, err
	}
	results.WebhookBytes = template.Len()
	if results.Machine, err = proc.Look(r.dir); err != nil {
		return nil, err
	}
	results.Versions.Go = strings.TrimPrefix(runtime.Version(), "go")
	if slices.Contains(c.Subjects, string(report.PostgreSQL)) {
		switch results.Versions.PostgreSQL, err = postgresVersion(ctx); {
		case errors.Is(err, postgres.ErrNotInstalled):
			r.progress("%v: measured without it", err)
			c.Subjects = slices.DeleteFunc(c.Subjects, func(s string) bool { return s == string(report.PostgreSQL) })
		case err != nil:
			return nil, err
		}
	}
	if slices.Contains(c.Subjects, string(report.Peer)) {
		if results.Versions.Node, err = output(ctx, r.dir, "node", "--version"); err != nil {
			return nil, err
		}
		for name, version := range map[string]*string{"express": &results.Versions.Express, "nodemailer": &results.Versions.Nodemailer} {
			if *version, err = r.peerVersion(name); err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

func (r *rig) peerVersion(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(r.peer(), "node_modules", name, "package.json"))
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", name, err)
	}
	var manifest struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return "", fmt.Errorf("version of %s: %w", name, err)
	}
	return manifest.Version, nil
}

// commit names what is measured; "" where git does not know.
func (r *rig) commit(ctx context.Context) string {
	commit, err := output(ctx, r.root, "git", "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return ""
	}
	if changed, err := output(ctx, r.root, "git", "status", "--porcelain", "--untracked-files=no"); err == nil && changed != "" {
		commit += " with changes"
	}
	return commit
}

func (r *rig) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
