package report

import "fmt"

// What Postrider promises of itself, on two cores.
const (
	targetAccept      = 2.5 // times the peer
	targetMails       = 1000.0
	targetCeiling     = 0.60 // of the raw loop
	targetDrain       = 2.0  // times the peer
	targetLatency     = 0.020
	targetPendingSize = 150 << 20
	targetReady       = 2.0
	targetIntake      = 0.80 // of the empty rate
	targetIdle        = 40 << 20
)

// Measure names a row that has a target.
type Measure string

// The measures, and so the keys of the explanations of what falls short.
const (
	MeasureAccept        Measure = "accept"
	MeasureMails         Measure = "mails"
	MeasureCeiling       Measure = "ceiling"
	MeasureDrain         Measure = "drain"
	MeasureLatency       Measure = "latency"
	MeasurePendingMemory Measure = "pending-memory"
	MeasureReady         Measure = "ready"
	MeasureIntake        Measure = "intake"
	MeasureIdle          Measure = "idle"
)

// row is one line of the table.
type row struct {
	measure Measure // empty: no target
	title   string
	cells   map[Subject]string
	raw     string
	target  string
	met     map[Subject]bool
}

// rows returns the table. What was not measured has no row.
func (r *Results) rows() []row {
	var rows []row
	for _, part := range [...]func() []row{r.acceptRows, r.drainRows, r.latencyRows, r.pendingRows, r.idleRows} {
		rows = append(rows, part()...)
	}
	return rows
}

func (r *Results) acceptRows() []row {
	if r.accepted(SQLite, webhooks) == 0 && r.accepted(PostgreSQL, webhooks) == 0 {
		return nil
	}
	balanced := r.row(MeasureAccept, fmt.Sprintf("Webhooks accepted per second, %d connections, while at least 1,000 mails/s leave", r.Plan.Connections),
		fmt.Sprintf("≥ %.1f × the peer", targetAccept))
	meanwhile := r.row(MeasureMails, "– mails leaving meanwhile, per second", "≥ 1,000")
	full := r.row("", "Webhooks accepted per second at full load, whatever leaves", "")
	besides := r.row("", "– mails leaving meanwhile, per second", "")
	memory := r.row("", "– memory at the most", "")
	for _, name := range r.subjects() {
		memory.cells[name] = megabytes(r.accepted(name, func(a Accept) float64 { return float64(a.Memory.Peak) }))
		rate, all := r.balanced(name, webhooks), r.accepted(name, webhooks)
		balanced.cells[name], meanwhile.cells[name] = number(rate), number(r.balanced(name, mails))
		full.cells[name], besides.cells[name] = number(all), number(r.accepted(name, mails))
		if name == Peer {
			continue
		}
		meanwhile.met[name] = r.balanced(name, mails) >= targetMails
		if peer := r.balanced(Peer, webhooks); peer > 0 {
			balanced.cells[name] += times(rate / peer)
			balanced.met[name] = rate/peer >= targetAccept
		}
		if peer := r.accepted(Peer, webhooks); peer > 0 {
			full.cells[name] += times(all / peer)
		}
	}
	return []row{balanced, meanwhile, full, besides, memory}
}

func (r *Results) drainRows() []row {
	rate := func(name Subject) float64 { return r.drained(name, func(d Drain) float64 { return d.Mails }) }
	beside := r.row(MeasureCeiling, "Mails per second out of a backlog, rendering included", fmt.Sprintf("≥ %.0f %% of the raw loop", 100*targetCeiling))
	peers := r.row(MeasureDrain, "– beside the peer", fmt.Sprintf("≥ %.0f × the peer", targetDrain))
	raw, peer := r.ceiling(), rate(Peer)
	if raw > 0 {
		beside.raw = number(raw) + "; pipelined " + number(r.pipelined())
	}
	seen := false
	for _, name := range r.subjects() {
		mails := rate(name)
		if mails == 0 {
			continue
		}
		seen = true
		beside.cells[name] = number(mails)
		if raw > 0 {
			beside.cells[name] += fmt.Sprintf(" (%.0f %%)", 100*mails/raw)
		}
		if name == Peer {
			continue
		}
		if raw > 0 {
			beside.met[name] = mails/raw >= targetCeiling
		}
		if peer > 0 {
			peers.cells[name] = fmt.Sprintf("%.1f ×", mails/peer)
			peers.met[name] = mails/peer >= targetDrain
		}
	}
	if !seen && raw == 0 {
		return nil
	}
	return []row{beside, peers}
}

func (r *Results) latencyRows() []row {
	latency := r.row(MeasureLatency, "Answer at half of that load, 99th percentile", fmt.Sprintf("≤ %.0f ms", 1000*targetLatency))
	for _, name := range r.subjects() {
		seconds := r.half(name, p99)
		if seconds == 0 {
			return nil
		}
		latency.cells[name] = fmt.Sprintf("%.1f ms", 1000*seconds)
		if name != Peer {
			latency.met[name] = seconds <= targetLatency
		}
	}
	return []row{latency}
}

func (r *Results) pendingRows() []row {
	if len(r.Pending) == 0 {
		return nil
	}
	with := fmt.Sprintf("With %s pending deliveries: ", number(float64(r.Plan.Pending)))
	rest := r.pending(func(p PendingRound) float64 { return resident(p.Rest) })
	peak := r.pending(func(p PendingRound) float64 { return float64(p.Full.Memory.Peak) })
	memory := r.row(MeasurePendingMemory, with+"memory at rest, and the most while accepting", "≤ "+megabytes(targetPendingSize))
	memory.cells[SQLite] = megabytes(rest) + ", " + megabytes(peak)
	memory.met[SQLite] = peak <= targetPendingSize

	orderly := r.pending(func(p PendingRound) float64 { return seconds(p.Ready) })
	killed := r.pending(func(p PendingRound) float64 { return seconds(p.ReadyAfterKill) })
	ready := r.row(MeasureReady, with+"from start to ready, and after a SIGKILL under load", fmt.Sprintf("≤ %.0f s", targetReady))
	ready.cells[SQLite] = fmt.Sprintf("%.2f s, %.2f s", orderly, killed)
	ready.met[SQLite] = max(orderly, killed) <= targetReady

	full := r.pending(func(p PendingRound) float64 { return p.Full.Webhooks })
	empty := r.pending(func(p PendingRound) float64 { return p.Empty.Webhooks })
	intake := r.row(MeasureIntake, with+"webhooks accepted per second", fmt.Sprintf("≥ %.0f %% of the empty rate", 100*targetIntake))
	intake.cells[SQLite] = fmt.Sprintf("%s (%.0f %% of %s)", number(full), 100*full/empty, number(empty))
	intake.met[SQLite] = full/empty >= targetIntake
	return []row{memory, ready, intake}
}

func (r *Results) idleRows() []row {
	idle := r.row(MeasureIdle, "Memory when idle", "≤ "+megabytes(targetIdle))
	for _, name := range r.subjects() {
		bytes := r.idle(name)
		if bytes == 0 {
			return nil
		}
		idle.cells[name] = megabytes(bytes)
		if name != Peer {
			idle.met[name] = bytes <= targetIdle
		}
	}
	return []row{idle}
}

func (r *Results) row(measure Measure, title, target string) row {
	return newRow(measure, title, target)
}
