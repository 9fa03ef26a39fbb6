package report

import (
	"fmt"
	"slices"
	"time"
)

// What the engine promises of itself, on two cores.
const (
	targetNotifySQLite   = 0.25 // of the raw loop
	targetNotifyPostgres = 0.18
	targetEvents         = 5000.0
	targetGroup          = 0.050
	targetWindowsIntake  = 0.65 // of the empty rate
	targetWindowsMemory  = 320 << 20
	targetBurstRate      = 0.80 // of the rate without webhooks beside
	targetBurstLatency   = 0.200
)

// The measures of the engine.
const (
	MeasureNotify        Measure = "notify"
	MeasureEvents        Measure = "events"
	MeasureGroup         Measure = "group"
	MeasureWindowsIntake Measure = "windows-intake"
	MeasureWindowsMemory Measure = "windows-memory"
	MeasureWindowsReady  Measure = "windows-ready"
	MeasureBurst         Measure = "burst"
	MeasureBurstLatency  Measure = "burst-latency"
)

// subjects returns the databases that took part, in the order of the columns.
func (e *Engine) subjects() []Subject {
	var names []Subject
	for _, name := range ours {
		if slices.ContainsFunc(e.Rounds, func(round EngineRound) bool {
			_, notified := round.Notify[name]
			_, chatted := round.Events[name]
			_, fanned := round.Group[name]
			_, burst := round.Burst[name]
			return notified || chatted || fanned || burst
		}) || name == SQLite && len(e.Windows) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// rows returns the engine's table. What was not measured has no row.
func (e *Engine) rows() []row {
	var rows []row
	for _, part := range [...]func() []row{e.notifyRows, e.eventRows, e.groupRows, e.windowRows, e.burstRows} {
		rows = append(rows, part()...)
	}
	return rows
}

// The medians over all rounds. They are 0 for what was not measured.

func (e *Engine) notified(name Subject, value func(Notify) float64) float64 {
	return engineMedian(e.Rounds, func(r EngineRound) map[Subject]Notify { return r.Notify }, name, value)
}

func (e *Engine) events(name Subject, value func(Events) float64) float64 {
	return engineMedian(e.Rounds, func(r EngineRound) map[Subject]Events { return r.Events }, name, value)
}

func (e *Engine) group(name Subject, value func(Events) float64) float64 {
	return engineMedian(e.Rounds, func(r EngineRound) map[Subject]Events { return r.Group }, name, value)
}

func (e *Engine) burst(name Subject, value func(Burst) float64) float64 {
	return engineMedian(e.Rounds, func(r EngineRound) map[Subject]Burst { return r.Burst }, name, value)
}

func (e *Engine) windows(value func(WindowsRound) float64) float64 {
	return median(e.Windows, func(round WindowsRound) (float64, bool) { return value(round), true })
}

func (e *Engine) ceiling() float64 {
	return median(e.Rounds, func(round EngineRound) (float64, bool) { return round.Ceiling, round.Ceiling > 0 })
}

func engineMedian[T any](rounds []EngineRound, measure func(EngineRound) map[Subject]T, name Subject, value func(T) float64) float64 {
	return median(rounds, func(round EngineRound) (float64, bool) {
		seen, ok := measure(round)[name]
		return value(seen), ok
	})
}

func calls(n Notify) float64     { return n.Calls }
func perSecond(e Events) float64 { return e.PerSecond }

func newRow(measure Measure, title, target string) row {
	return row{measure, title, make(map[Subject]string), "", target, make(map[Subject]bool)}
}

func (e *Engine) notifyRows() []row {
	notify := newRow(MeasureNotify, "Notifications per second, from windows due to answer settled",
		fmt.Sprintf("≥ %.0f %% of the raw loop, PostgreSQL %.0f %%", 100*targetNotifySQLite, 100*targetNotifyPostgres))
	memory := newRow("", "– memory at the most", "")
	raw, seen := e.ceiling(), false
	if raw > 0 {
		notify.raw = number(raw)
	}
	for _, name := range e.subjects() {
		rate := e.notified(name, calls)
		if rate == 0 {
			continue
		}
		seen = true
		notify.cells[name] = number(rate)
		memory.cells[name] = megabytes(e.notified(name, func(n Notify) float64 { return float64(n.Memory.Peak) }))
		if raw > 0 {
			target := targetNotifySQLite
			if name == PostgreSQL {
				target = targetNotifyPostgres
			}
			notify.cells[name] += fmt.Sprintf(" (%.0f %%)", 100*rate/raw)
			notify.met[name] = rate/raw >= target
		}
	}
	if !seen {
		return nil
	}
	return []row{notify, memory}
}

func (e *Engine) eventRows() []row {
	events := newRow(MeasureEvents, fmt.Sprintf("One-on-one messages accepted per second, durable, %d connections", e.Plan.Connections),
		"≥ "+number(targetEvents)+" on SQLite")
	answer := newRow("", "– their answer, median and 99th percentile", "")
	for _, name := range e.subjects() {
		rate := e.events(name, perSecond)
		if rate == 0 {
			continue
		}
		events.cells[name] = number(rate)
		answer.cells[name] = milliseconds(e.events(name, func(e Events) float64 { return seconds(e.P50) })) + ", " +
			milliseconds(e.events(name, func(e Events) float64 { return seconds(e.P99) }))
		if name == SQLite {
			events.met[name] = rate >= targetEvents
		}
	}
	if len(events.cells) == 0 {
		return nil
	}
	return []row{events, answer}
}

func (e *Engine) groupRows() []row {
	group := newRow(MeasureGroup, fmt.Sprintf("A message to a group of %s, answered: 95th percentile", number(float64(e.Plan.Members))),
		"≤ "+milliseconds(targetGroup))
	for _, name := range e.subjects() {
		p95 := e.group(name, func(e Events) float64 { return seconds(e.P95) })
		if p95 == 0 {
			continue
		}
		group.cells[name] = milliseconds(p95)
		group.met[name] = p95 <= targetGroup
	}
	if len(group.cells) == 0 {
		return nil
	}
	return []row{group}
}

func (e *Engine) windowRows() []row {
	if len(e.Windows) == 0 {
		return nil
	}
	with := fmt.Sprintf("With %s open windows: ", number(float64(e.Plan.Windows)))
	full := e.windows(func(w WindowsRound) float64 { return w.Full.PerSecond })
	empty := e.windows(func(w WindowsRound) float64 { return w.Empty.PerSecond })
	intake := newRow(MeasureWindowsIntake, with+"messages accepted per second", fmt.Sprintf("≥ %.0f %% of the empty rate", 100*targetWindowsIntake))
	share := e.windows(func(w WindowsRound) float64 { return w.Full.PerSecond / w.Empty.PerSecond })
	intake.cells[SQLite] = fmt.Sprintf("%s (%.0f %% of %s)", number(full), 100*share, number(empty))
	intake.met[SQLite] = share >= targetWindowsIntake

	rest := e.windows(func(w WindowsRound) float64 { return resident(w.Rest) })
	peak := e.windows(func(w WindowsRound) float64 { return float64(w.Full.Memory.Peak) })
	memory := newRow(MeasureWindowsMemory, with+"memory at rest, and the most while accepting", "≤ "+megabytes(targetWindowsMemory))
	memory.cells[SQLite] = megabytes(rest) + ", " + megabytes(peak)
	memory.met[SQLite] = peak <= targetWindowsMemory

	orderly := e.windows(func(w WindowsRound) float64 { return seconds(w.Ready) })
	killed := e.windows(func(w WindowsRound) float64 { return seconds(w.ReadyAfterKill) })
	ready := newRow(MeasureWindowsReady, with+"from start to ready, and after a SIGKILL", fmt.Sprintf("≤ %.0f s", targetReady))
	ready.cells[SQLite] = fmt.Sprintf("%.2f s, %.2f s", orderly, killed)
	ready.met[SQLite] = max(orderly, killed) <= targetReady
	return []row{intake, memory, ready}
}

func (e *Engine) burstRows() []row {
	rate := newRow(MeasureBurst, fmt.Sprintf("%s windows due at once beside %s webhooks/s: notifications per second", number(float64(e.Plan.Burst)), number(e.Plan.BurstRate)),
		fmt.Sprintf("≥ %.0f %% of the rate without webhooks", 100*targetBurstRate))
	latency := newRow(MeasureBurstLatency, "– the webhooks' answer meanwhile: median and 99th percentile", "p99 ≤ "+milliseconds(targetBurstLatency))
	for _, name := range e.subjects() {
		drained := e.burst(name, func(b Burst) float64 { return b.Notify.Calls })
		if drained == 0 {
			continue
		}
		rate.cells[name] = number(drained)
		if alone := e.notified(name, calls); alone > 0 {
			rate.cells[name] += fmt.Sprintf(" (%.0f %%)", 100*drained/alone)
			rate.met[name] = drained/alone >= targetBurstRate
		}
		late := e.burst(name, func(b Burst) float64 { return seconds(b.Webhooks.P99) })
		latency.cells[name] = milliseconds(e.burst(name, func(b Burst) float64 { return seconds(b.Webhooks.P50) })) + ", " + milliseconds(late)
		latency.met[name] = late <= targetBurstLatency
	}
	if len(rate.cells) == 0 {
		return nil
	}
	return []row{rate, latency}
}

func milliseconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Microsecond).String()
}
