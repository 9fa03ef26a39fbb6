package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/postrider/postrider/bench/internal/proc"
	"github.com/postrider/postrider/bench/internal/report"
	"github.com/postrider/postrider/bench/internal/sink"
)

// moment is what everything had cost so far.
type moment struct {
	sink                     sink.Stats
	subject, sinkCPU, posted time.Duration
	all                      time.Duration
}

// look reads the cost of what takes part. job may be nil.
func look(ctx context.Context, s *subject, out *sinkProcess, job *posting) (m moment, err error) {
	if m.sink, err = out.stats(ctx); err != nil {
		return m, err
	}
	var errs [4]error
	m.subject, errs[0] = s.CPU()
	m.sinkCPU, errs[1] = out.CPU()
	m.all, errs[2] = proc.BusyCPU()
	if job != nil {
		m.posted, errs[3] = job.CPU()
	}
	return m, errors.Join(errs[:]...)
}

// between returns mails per second and cores in use from one moment to another.
func between(a, b moment) (mails float64, cores report.Cores) {
	took := b.sink.Uptime - a.sink.Uptime
	share := func(d time.Duration) float64 { return d.Seconds() / took.Seconds() }
	return float64(b.sink.Mails-a.sink.Mails) / took.Seconds(), report.Cores{
		Subject: share(b.subject - a.subject), Sink: share(b.sinkCPU - a.sinkCPU),
		Load: share(b.posted - a.posted), All: share(b.all - a.all),
	}
}

// pace says how webhooks are posted: as fast as they are answered, or at a rate.
type pace struct {
	first  uint64  // number of the first webhook
	rate   float64 // per second; 0: as fast as they are answered
	window time.Duration
}

// accept posts webhooks for a window, while mails leave. It also returns how
// many were accepted in all.
func (r *rig) accept(ctx context.Context, s *subject, out *sinkProcess, p pace) (report.Accept, uint64, error) {
	job, err := r.post(s, p.first, "--warmup", r.plan.Warmup.String(), "--window", p.window.String(),
		"--rate", strconv.FormatFloat(p.rate, 'f', 1, 64))
	if err != nil {
		return report.Accept{}, 0, err
	}
	defer job.Kill()
	select {
	case <-job.window:
	case <-job.Ended():
	}
	before, err := look(ctx, s, out, job)
	if err != nil {
		return report.Accept{}, 0, err
	}
	result, err := job.finish(ctx)
	if err != nil {
		return report.Accept{}, 0, err
	}
	after, err := look(ctx, s, out, job)
	if err != nil {
		return report.Accept{}, 0, err
	}
	memory, err := s.Memory()
	if err != nil {
		return report.Accept{}, 0, err
	}
	seen := report.Accept{
		Webhooks: result.PerSecond(), P50: report.Duration(result.P50), P99: report.Duration(result.P99), Max: report.Duration(result.Max),
		Refused: result.Refused, Broken: result.Broken, Memory: memory,
	}
	seen.Mails, seen.Cores = between(before, after)
	r.progress("%-8s %6.0f webhooks/s, %5.0f mails/s of %d B, p50 %v, p99 %v, cores: %.2f itself, %.2f sink, %.2f load, %.2f all",
		s.name, seen.Webhooks, seen.Mails, after.sink.Bytes/max(1, after.sink.Mails), result.P50.Round(time.Millisecond/10), result.P99.Round(time.Millisecond/10),
		seen.Cores.Subject, seen.Cores.Sink, seen.Cores.Load, seen.Cores.All)
	return seen, result.Posted, nil
}

// accepting measures a subject at full and then at half load. Between the two
// and at the end every mail has to come.
func (r *rig) accepting(ctx context.Context, name report.Subject, results *report.Results) (full, half report.Accept, err error) {
	err = r.with(ctx, name, func(s *subject, out *sinkProcess) error {
		var posted, more uint64
		if full, posted, err = r.accept(ctx, s, out, pace{window: r.plan.Window}); err != nil {
			return err
		}
		if err := out.await(ctx, int64(posted)); err != nil {
			return fmt.Errorf("after full load: %w", err)
		}
		stats, err := out.stats(ctx)
		if err != nil {
			return err
		}
		results.MailBytes[name] = stats.Bytes / stats.Mails
		if stats.Smallest < leastBytes || stats.Largest > mostBytes {
			return fmt.Errorf("mails of %d to %d bytes cannot be compared: they are to have 8 to 12 KB", stats.Smallest, stats.Largest)
		}
		if half, more, err = r.accept(ctx, s, out, pace{secondLoad, full.Webhooks / 2, r.plan.Window}); err != nil {
			return err
		}
		if err := out.await(ctx, int64(posted+more)); err != nil {
			return fmt.Errorf("after half load: %w", err)
		}
		return nil
	})
	return full, half, err
}

// All mails have 8 to 12 KB, so that nobody has less to carry than others.
const leastBytes, mostBytes = 8_000, 12 << 10

// secondLoad is the number of the first webhook of a second load against the
// same subject: more than any first load posts.
const secondLoad = 1_000_000_000

// with runs a subject and a sink of its own.
func (r *rig) with(ctx context.Context, name report.Subject, measure func(*subject, *sinkProcess) error) error {
	out, err := r.startSink(ctx)
	if err != nil {
		return err
	}
	defer out.Stop()
	s, err := r.start(ctx, name, out.address)
	if err != nil {
		return err
	}
	if err := errors.Join(measure(s, out), s.end()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// draining measures how fast a subject gets rid of a backlog: webhooks are
// accepted while the sink holds the mails up; then it lets go.
func (r *rig) draining(ctx context.Context, name report.Subject) (drain report.Drain, err error) {
	err = r.with(ctx, name, func(s *subject, out *sinkProcess) error {
		drain, err = r.drain(ctx, s, out)
		return err
	})
	return drain, err
}

func (r *rig) drain(ctx context.Context, s *subject, out *sinkProcess) (drain report.Drain, err error) {
	backlog := int64(r.plan.Backlog)
	if _, err := out.ask(ctx, "POST", "/pause"); err != nil {
		return drain, err
	}
	job, err := r.post(s, 0, "--count", strconv.FormatInt(backlog, 10))
	if err != nil {
		return drain, err
	}
	defer job.Kill()
	result, err := job.finish(ctx)
	if err != nil {
		return drain, err
	}
	drain.Burst = result.PerSecond()
	if drain.Memory, err = s.Memory(); err != nil {
		return drain, err
	}
	if _, err := out.ask(ctx, "POST", "/resume"); err != nil {
		return drain, err
	}
	// The steady part: not the first mails, nor the last.
	if err := out.await(ctx, backlog/10); err != nil {
		return drain, err
	}
	before, err := look(ctx, s, out, nil)
	if err != nil {
		return drain, err
	}
	steady, cancel := context.WithTimeout(ctx, 2*r.plan.Window)
	defer cancel()
	if err := out.await(steady, backlog*9/10); err != nil && steady.Err() == nil {
		return drain, err
	}
	after, err := look(ctx, s, out, nil)
	if err != nil {
		return drain, err
	}
	drain.Mails, drain.Cores = between(before, after)
	r.progress("%-8s %6.0f mails/s out of %d, after a burst of %.0f webhooks/s, %d MB, cores: %.2f itself, %.2f sink, %.2f all",
		s.name, drain.Mails, backlog, drain.Burst, drain.Memory.Resident>>20, drain.Cores.Subject, drain.Cores.Sink, drain.Cores.All)
	return drain, nil
}

// idle measures what subjects hold when there is nothing to do.
func (r *rig) idle(ctx context.Context) (_ map[report.Subject]proc.Memory, err error) {
	out, err := r.startSink(ctx)
	if err != nil {
		return nil, err
	}
	defer out.Stop()
	var all []*subject
	defer func() {
		for _, s := range all {
			err = errors.Join(err, s.end())
		}
	}()
	for _, name := range r.plan.subjects() {
		s, err := r.start(ctx, name, out.address)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	select {
	case <-time.After(r.plan.Rest):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	held := make(map[report.Subject]proc.Memory)
	for _, s := range all {
		if held[s.name], err = s.Memory(); err != nil {
			return nil, err
		}
		r.progress("%-8s %d MB idle", s.name, held[s.name].Resident>>20)
	}
	return held, nil
}

// ceiling measures the raw loop with a message as large as our mails.
func (r *rig) ceiling(ctx context.Context, message string, pipelined bool) (float64, error) {
	out, err := r.startSink(ctx)
	if err != nil {
		return 0, err
	}
	defer out.Stop()
	args := []string{
		"ceiling", out.address, "--message", message,
		"--connections", strconv.Itoa(mailConnections), "--window", r.plan.Window.String(),
	}
	if pipelined {
		args = append(args, "--pipelined")
	}
	text, err := output(ctx, r.dir, r.self, args...)
	if err != nil {
		return 0, err
	}
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("raw loop: %w", err)
	}
	r.progress("raw loop %6.0f mails/s, pipelined: %v", rate, pipelined)
	return rate, nil
}
