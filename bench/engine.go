package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/postrider/postrider/bench/internal/chatter"
	"github.com/postrider/postrider/bench/internal/hook"
	"github.com/postrider/postrider/bench/internal/load"
	"github.com/postrider/postrider/bench/internal/proc"
	"github.com/postrider/postrider/bench/internal/report"
	"github.com/postrider/postrider/internal/outbox"
)

// callers is how many connections the engine calls a provider over, and so the
// raw loop.
const callers = 64

// engineSubjects are those that have an engine.
func (r *rig) engineSubjects() []report.Subject {
	var names []report.Subject
	for _, name := range r.plan.subjects() {
		if name != report.Peer {
			names = append(names, name)
		}
	}
	return names
}

// measureEngine measures events in and notifications out.
func (r *rig) measureEngine(ctx context.Context, results *report.Results) (*report.Engine, error) {
	c, begun := r.plan, time.Now()
	about := &report.Engine{
		Date: begun.UTC().Truncate(time.Second), Commit: results.Commit, Machine: results.Machine, Versions: results.Versions,
		EventBytes: chatter.OneOnOne(2, begun).Len(),
		Plan: report.EnginePlan{
			Rounds: c.Rounds, Connections: c.Chatters, Callers: callers, Warmup: report.Duration(c.Warmup), Window: report.Duration(c.Window),
			Due: c.Due, Burst: c.Burst, BurstRate: c.BurstRate, Groups: c.Groups, Members: c.Members, Windows: c.Windows,
		},
	}
	for round := range c.Rounds {
		r.progress("engine, round %d of %d", round+1, c.Rounds)
		seen, err := r.engineRound(ctx, about)
		if err != nil {
			return nil, err
		}
		about.Rounds = append(about.Rounds, seen)
	}
	if c.measures("windows") && slices.Contains(c.Subjects, string(report.SQLite)) {
		if err := r.windows(ctx, about); err != nil {
			return nil, err
		}
	}
	about.Took = report.Duration(time.Since(begun).Round(time.Second))
	return about, nil
}

// engineRound measures the engine on each database, one after the other.
func (r *rig) engineRound(ctx context.Context, about *report.Engine) (round report.EngineRound, err error) {
	c := r.plan
	round.Notify, round.Burst = make(map[report.Subject]report.Notify), make(map[report.Subject]report.Burst)
	round.Events, round.Group = make(map[report.Subject]report.Events), make(map[report.Subject]report.Events)
	for _, name := range r.engineSubjects() {
		if c.measures("notify") {
			seen, _, err := r.notifying(ctx, name, about, c.Due, 0)
			if err != nil {
				return round, err
			}
			round.Notify[name] = seen
		}
	}
	if c.measures("notify") {
		if round.Ceiling, err = r.postCeiling(ctx); err != nil {
			return round, err
		}
	}
	for _, name := range r.engineSubjects() {
		if c.measures("events") {
			if round.Events[name], err = r.chatting(ctx, name); err != nil {
				return round, err
			}
		}
		if c.measures("group") {
			if round.Group[name], err = r.fanning(ctx, name); err != nil {
				return round, err
			}
		}
	}
	for _, name := range r.engineSubjects() {
		if c.measures("burst") {
			seen, beside, err := r.notifying(ctx, name, about, c.Burst, c.BurstRate)
			if err != nil {
				return round, err
			}
			round.Burst[name] = report.Burst{Notify: seen, Webhooks: *beside}
		}
	}
	return round, nil
}

// cost is what everything had cost so far, in a run of the engine.
type cost struct {
	hook                             hook.Stats
	subject, provider, posted, whole time.Duration
}

func lookAt(ctx context.Context, s *subject, h *hookProcess, job *posting) (c cost, err error) {
	if c.hook, err = h.stats(ctx); err != nil {
		return c, err
	}
	var errs [4]error
	c.subject, errs[0] = s.CPU()
	c.provider, errs[1] = h.CPU()
	c.whole, errs[2] = proc.BusyCPU()
	if job != nil {
		c.posted, errs[3] = job.CPU()
	}
	return c, errors.Join(errs[:]...)
}

func (c cost) until(d cost) report.Cores {
	took := (d.hook.Uptime - c.hook.Uptime).Seconds()
	share := func(d time.Duration) float64 { return d.Seconds() / took }
	return report.Cores{
		Subject: share(d.subject - c.subject), Sink: share(d.provider - c.provider), Load: share(d.posted - c.posted), All: share(d.whole - c.whole),
	}
}

// notifying measures how fast windows that are all due become notifications
// whose answer is settled, and what becomes of webhooks that are posted
// meanwhile at a rate. 0: none are.
func (r *rig) notifying(ctx context.Context, name report.Subject, about *report.Engine, windows int, rate float64) (seen report.Notify, beside *report.Events, err error) {
	h, err := r.startHook(ctx)
	if err != nil {
		return seen, nil, err
	}
	defer h.Stop()
	out, err := r.startSink(ctx)
	if err != nil {
		return seen, nil, err
	}
	defer out.Stop()
	g, err := r.prepareGround(ctx, name, providerURL(h), "due", "--count", strconv.Itoa(windows))
	if err != nil {
		return seen, nil, err
	}
	defer func() { err = errors.Join(err, g.release()) }()
	s, err := r.serveOn(ctx, g, out.address)
	if err != nil {
		return seen, nil, err
	}
	defer s.Stop()
	var job *posting
	if rate > 0 {
		if job, err = r.post(s, 0, "--rate", strconv.FormatFloat(rate, 'f', 1, 64), "--warmup", "500ms", "--window", r.burstWindow(name).String()); err != nil {
			return seen, nil, err
		}
		defer job.Kill()
	}
	if seen, err = r.drainWindows(ctx, s, h, windows); err != nil {
		return seen, nil, fmt.Errorf("%s: %w", name, err)
	}
	if job != nil {
		result, err := job.finish(ctx)
		if err != nil {
			return seen, nil, err
		}
		beside = eventsOf(result)
		r.progress("%-8s beside: %.0f webhooks/s, p50 %v, p99 %v, max %v", name, result.PerSecond(), result.P50, result.P99, result.Max)
	}
	if about.CallBytes == 0 {
		about.CallBytes = int(seen.Bytes)
		body, err := h.ask(ctx, http.MethodGet, "/sample")
		if err != nil {
			return seen, nil, err
		}
		if err := os.WriteFile(r.callBody(), body, 0o600); err != nil {
			return seen, nil, fmt.Errorf("keep a notification: %w", err)
		}
	}
	s.Stop()
	return seen, beside, r.settled(ctx, g, windows)
}

func (r *rig) callBody() string { return filepath.Join(r.dir, "notification.json") }

// burstWindow is how long webhooks are posted beside a burst: less than it
// takes, going by the rate of this or an earlier round.
func (r *rig) burstWindow(name report.Subject) time.Duration {
	rate := r.drained[name]
	if rate == 0 {
		return r.plan.Window
	}
	return max(time.Second, time.Duration(0.6*float64(r.plan.Burst)/rate*float64(time.Second))).Round(time.Second / 10)
}

// drainWindows times the calls between the first and the last tenth.
func (r *rig) drainWindows(ctx context.Context, s *subject, h *hookProcess, windows int) (seen report.Notify, err error) {
	if err := h.await(ctx, int64(windows/10)); err != nil {
		return seen, err
	}
	before, err := lookAt(ctx, s, h, nil)
	if err != nil {
		return seen, err
	}
	if err := h.await(ctx, int64(windows*9/10)); err != nil {
		return seen, err
	}
	after, err := lookAt(ctx, s, h, nil)
	if err != nil {
		return seen, err
	}
	if seen.Memory, err = s.Memory(); err != nil {
		return seen, err
	}
	seen.Calls = float64(after.hook.Calls-before.hook.Calls) / (after.hook.Uptime - before.hook.Uptime).Seconds()
	seen.Cores = before.until(after)
	seen.Bytes = after.hook.Bytes / max(1, after.hook.Calls)
	r.drained[s.name] = seen.Calls
	r.progress("%-8s %6.0f notifications/s of %d B out of %d windows, %d MB at most, cores: %.2f itself, %.2f provider, %.2f all",
		s.name, seen.Calls, seen.Bytes, windows, seen.Memory.Peak>>20, seen.Cores.Subject, seen.Cores.Sink, seen.Cores.All)
	return seen, h.await(ctx, int64(windows))
}

// settled sees to it that each window has become a call whose answer is
// written down. The server has ended.
func (r *rig) settled(ctx context.Context, g *ground, windows int) error {
	db, err := openStore(ctx, g.database)
	if err != nil {
		return err
	}
	sent := 0
	err = db.Each(ctx, outbox.Filter{Lane: outbox.LaneCall}, func(d outbox.Delivery) error {
		if d.State == outbox.Sent && d.Attempts == 1 {
			sent++
		}
		return nil
	})
	if err == nil && sent != windows {
		err = fmt.Errorf("%s: %d of %d windows have become calls that are settled after one attempt", g.name, sent, windows)
	}
	return errors.Join(err, db.Close())
}

// postCeiling measures the raw loop with a notification as large as ours.
func (r *rig) postCeiling(ctx context.Context) (float64, error) {
	h, err := r.startHook(ctx)
	if err != nil {
		return 0, err
	}
	defer h.Stop()
	text, err := output(ctx, r.dir, r.self, "post", providerURL(h), "--body", r.callBody(), "--connections", strconv.Itoa(callers), "--window", r.plan.Window.String())
	if err != nil {
		return 0, err
	}
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("raw loop: %w", err)
	}
	r.progress("raw loop %6.0f calls/s", rate)
	return rate, nil
}

func eventsOf(result *load.Result) *report.Events {
	return &report.Events{
		PerSecond: result.PerSecond(), P50: report.Duration(result.P50), P95: report.Duration(result.P95), P99: report.Duration(result.P99),
		Max: report.Duration(result.Max), Refused: result.Refused, Broken: result.Broken,
	}
}

// chatting measures how fast one-on-one messages are taken.
func (r *rig) chatting(ctx context.Context, name report.Subject) (seen report.Events, err error) {
	h, err := r.startHook(ctx)
	if err != nil {
		return seen, err
	}
	defer h.Stop()
	g, err := r.prepareGround(ctx, name, providerURL(h))
	if err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, g.release()) }()
	s, err := r.serveOn(ctx, g, noMail)
	if err != nil {
		return seen, err
	}
	defer s.Stop()
	return r.talk(ctx, s, h, 0)
}

// talk posts one-on-one messages to a subject for a window.
func (r *rig) talk(ctx context.Context, s *subject, h *hookProcess, first uint64) (seen report.Events, err error) {
	job, err := r.postTo(s, "/events", "--body", "one-on-one", "--connections", strconv.Itoa(r.plan.Chatters),
		"--warmup", r.plan.Warmup.String(), "--window", r.plan.Window.String(), "--first", strconv.FormatUint(first, 10))
	if err != nil {
		return seen, err
	}
	defer job.Kill()
	select {
	case <-job.window:
	case <-job.Ended():
	}
	before, err := lookAt(ctx, s, h, job)
	if err != nil {
		return seen, err
	}
	result, err := job.finish(ctx)
	if err != nil {
		return seen, err
	}
	after, err := lookAt(ctx, s, h, job)
	if err != nil {
		return seen, err
	}
	seen = *eventsOf(result)
	seen.Cores = before.until(after)
	if seen.Memory, err = s.Memory(); err != nil {
		return seen, err
	}
	r.progress("%-8s %6.0f events/s, p50 %v, p99 %v, %d MB at most, cores: %.2f itself, %.2f load, %.2f all", s.name, seen.PerSecond,
		result.P50.Round(time.Millisecond/10), result.P99.Round(time.Millisecond/10), seen.Memory.Peak>>20, seen.Cores.Subject, seen.Cores.Load, seen.Cores.All)
	return seen, nil
}

// fanning measures messages to large groups, one after the other.
func (r *rig) fanning(ctx context.Context, name report.Subject) (seen report.Events, err error) {
	h, err := r.startHook(ctx)
	if err != nil {
		return seen, err
	}
	defer h.Stop()
	g, err := r.prepareGround(ctx, name, providerURL(h), "groups", "--count", strconv.Itoa(r.plan.Groups), "--people", strconv.Itoa(r.plan.Members))
	if err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, g.release()) }()
	s, err := r.serveOn(ctx, g, noMail)
	if err != nil {
		return seen, err
	}
	defer s.Stop()
	job, err := r.postTo(s, "/events", "--body", "groups", "--connections", "1", "--count", strconv.Itoa(r.plan.Groups))
	if err != nil {
		return seen, err
	}
	defer job.Kill()
	result, err := job.finish(ctx)
	if err != nil {
		return seen, err
	}
	if result.Posted != uint64(r.plan.Groups) {
		return seen, fmt.Errorf("%s: %d of %d messages to groups were accepted", name, result.Posted, r.plan.Groups)
	}
	r.progress("%-8s message to a group of %d: p50 %v, p95 %v, max %v", name, r.plan.Members, result.P50, result.P95, result.Max)
	return *eventsOf(result), nil
}
