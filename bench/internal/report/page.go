package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The files of a report.
const (
	DataFile = "benchmarks.json"
	PageFile = "benchmarks.md"
	PlotFile = "benchmarks.svg"
)

// Write makes the report in a directory: page, plot, and the numbers of every
// round.
func Write(dir string, r *Results) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := r.Save(filepath.Join(dir, DataFile)); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	var page, plot strings.Builder
	r.page(&page)
	r.plot(&plot)
	for name, content := range map[string]string{PageFile: page.String(), PlotFile: plot.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return nil
}

// Print writes the tables alone.
func Print(w io.Writer, r *Results) {
	if len(r.Rounds) > 0 {
		r.table(w)
		fmt.Fprintln(w)
		r.cores(w)
	}
	if r.Engine != nil {
		r.Engine.table(w)
		fmt.Fprintln(w)
		r.Engine.cores(w)
	}
}

func (r *Results) page(w io.Writer) {
	fmt.Fprintln(w, "# Benchmarks")
	fmt.Fprintln(w, "\n<!-- Written by `make bench`; the texts stand in bench/internal/report. -->")
	fmt.Fprint(w, introduction)
	fmt.Fprintf(w, "\n![Webhooks accepted and mails sent per second](%s)\n\n", PlotFile)
	r.table(w)
	fmt.Fprintf(w, legend, r.Plan.Rounds)
	shortfalls(w, "##", r.rows())
	fmt.Fprintln(w, "\n## How it was measured")
	fmt.Fprintln(w)
	r.method(w)
	fmt.Fprint(w, "\n## Where the cores went\n\nBusy cores on average, of two. \"All\" is the whole machine: beside the three processes the kernel's share of disk and\n"+
		"network, and PostgreSQL.\n\n")
	r.cores(w)
	fmt.Fprintln(w, "\n## Machine and versions")
	fmt.Fprintln(w)
	r.facts(w)
	if r.Engine != nil {
		r.Engine.page(w)
	}
	fmt.Fprint(w, repeat)
}

var titles = map[Subject]string{SQLite: "Postrider, SQLite", PostgreSQL: "Postrider, PostgreSQL", Peer: "the peer"}

func (r *Results) table(w io.Writer) {
	names := r.subjects()
	fmt.Fprint(w, "| |")
	for _, name := range names {
		fmt.Fprintf(w, " %s |", titles[name])
	}
	fmt.Fprint(w, " raw loop | target | met |\n| --- |"+strings.Repeat(" ---: |", len(names))+" ---: | --- | --- |\n")
	writeRows(w, names, r.rows())
}

func writeRows(w io.Writer, names []Subject, rows []row) {
	for _, row := range rows {
		fmt.Fprintf(w, "| %s |", row.title)
		for _, name := range names {
			fmt.Fprintf(w, " %s |", row.cells[name])
		}
		fmt.Fprintf(w, " %s | %s | %s |\n", row.raw, row.target, verdict(row.met))
	}
}

// verdict says whether a target is met, on which database where they differ.
func verdict(met map[Subject]bool) string {
	onSQLite, one := met[SQLite]
	onPostgres, other := met[PostgreSQL]
	switch {
	case !one && !other:
		return ""
	case one && other && onSQLite != onPostgres && onSQLite:
		return "SQLite yes, PostgreSQL **no**"
	case one && other && onSQLite != onPostgres:
		return "SQLite **no**, PostgreSQL yes"
	case onSQLite || onPostgres:
		return "yes"
	default:
		return "**no**"
	}
}

// shortfalls says why targets were missed.
func shortfalls(w io.Writer, level string, rows []row) {
	first := true
	for _, row := range rows {
		var missed []string
		for _, name := range ours {
			if met, measured := row.met[name]; measured && !met {
				missed = append(missed, strings.TrimPrefix(titles[name], "Postrider, "))
			}
		}
		if len(missed) == 0 {
			continue
		}
		if first {
			fmt.Fprintf(w, "\n%s What falls short, and why\n", level)
			first = false
		}
		why, known := reasons[row.measure]
		if !known {
			why = "Not explained yet."
		}
		fmt.Fprintf(w, "\n**%s** (%s; target %s). %s\n", strings.TrimPrefix(row.title, "– "), strings.Join(missed, " and "), row.target, why)
	}
}

func (r *Results) method(w io.Writer) {
	sizes := make([]string, 0, len(r.MailBytes))
	for _, name := range r.subjects() {
		if bytes := r.MailBytes[name]; bytes > 0 {
			sizes = append(sizes, fmt.Sprintf("%s %s bytes", titles[name], number(float64(bytes))))
		}
	}
	fmt.Fprintf(w, method, r.Plan.Rounds, r.Plan.Messages, number(float64(r.WebhookBytes)), strings.Join(sizes, ", "),
		r.Plan.Connections, time.Duration(r.Plan.Window), time.Duration(r.Plan.Warmup), r.Plan.MailConnections,
		number(float64(r.Plan.Backlog)), 2*time.Duration(r.Plan.Window), megabytes(float64(r.DatabaseBytes)))
}

func (r *Results) cores(w io.Writer) {
	fmt.Fprintln(w, "| | itself | SMTP server | load | all |\n| --- | ---: | ---: | ---: | ---: |")
	line := func(what string, name Subject, get func(func(Cores) float64) float64) {
		all := get(func(c Cores) float64 { return c.All })
		if all == 0 {
			return
		}
		fmt.Fprintf(w, "| %s, %s | %.2f | %.2f | %.2f | %.2f |\n", what, titles[name], get(func(c Cores) float64 { return c.Subject }),
			get(func(c Cores) float64 { return c.Sink }), get(func(c Cores) float64 { return c.Load }), all)
	}
	for _, name := range r.subjects() {
		line("full load", name, func(share func(Cores) float64) float64 {
			return r.accepted(name, func(a Accept) float64 { return share(a.Cores) })
		})
	}
	for _, name := range r.subjects() {
		line("half load", name, func(share func(Cores) float64) float64 {
			return r.half(name, func(a Accept) float64 { return share(a.Cores) })
		})
	}
	for _, name := range r.subjects() {
		line("out of a backlog", name, func(share func(Cores) float64) float64 {
			return r.drained(name, func(d Drain) float64 { return share(d.Cores) })
		})
	}
}

func (r *Results) facts(w io.Writer) {
	m, v := r.Machine, r.Versions
	fact := func(name, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); text != "" {
			fmt.Fprintf(w, "- %s: %s\n", name, text)
		}
	}
	fact("Date", "%s, the run took %v", r.Date.Format("2006-01-02 15:04 MST"), time.Duration(r.Took))
	fact("Commit", "%s", r.Commit)
	fact("Machine", "%s, %d cores used, %.0f GiB of memory, Linux %s", m.CPU, m.Cores, float64(m.Memory)/(1<<30), m.Kernel)
	fact("Disk", "%s; a 4 KiB write and its fsync take %v (median)", m.FileSystem, m.Fsync.Round(time.Microsecond))
	fact("Go", "%s", v.Go)
	fact("PostgreSQL", "%s", v.PostgreSQL)
	if v.Node != "" {
		fact("Peer", "Node.js %s, Express %s, nodemailer %s", strings.TrimPrefix(v.Node, "v"), v.Express, v.Nodemailer)
	}
}

// number writes a whole number with thousands set apart.
func number(f float64) string {
	digits := strconv.FormatInt(int64(f+0.5), 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

func times(f float64) string { return fmt.Sprintf(" (%.1f ×)", f) }

func megabytes(bytes float64) string { return fmt.Sprintf("%s MB", number(bytes/(1<<20))) }

func seconds(d Duration) float64 { return time.Duration(d).Seconds() }
