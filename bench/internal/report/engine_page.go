package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

func (e *Engine) page(w io.Writer) {
	fmt.Fprint(w, engineIntroduction)
	e.table(w)
	fmt.Fprintf(w, engineLegend, e.Plan.Rounds)
	shortfalls(w, "###", e.rows())
	fmt.Fprint(w, "\n### What limits each\n\n"+engineLimits)
	fmt.Fprint(w, "\n### How the engine was measured\n\n")
	fmt.Fprintf(w, engineMethod, e.Plan.Callers, number(float64(e.CallBytes)), number(float64(e.Plan.Due)), e.Plan.Connections,
		number(float64(e.EventBytes)), time.Duration(e.Plan.Window), time.Duration(e.Plan.Warmup), number(float64(e.Plan.Groups)), number(float64(e.Plan.Members)),
		number(float64(e.Plan.Windows)), megabytes(float64(e.DatabaseBytes)), number(e.Plan.BurstRate))
	fmt.Fprint(w, "\n### Where the cores went in a run of the engine\n\n")
	e.cores(w)
	fmt.Fprintf(w, "\nMeasured on %s at commit %s in %v: %s, %d cores used, PostgreSQL %s, Go %s.\n", e.Date.Format("2006-01-02 15:04 MST"), e.Commit,
		time.Duration(e.Took), e.Machine.CPU, e.Machine.Cores, e.Versions.PostgreSQL, e.Versions.Go)
}

func (e *Engine) table(w io.Writer) {
	names := e.subjects()
	fmt.Fprint(w, "| |")
	for _, name := range names {
		fmt.Fprintf(w, " %s |", titles[name])
	}
	fmt.Fprint(w, " raw loop | target | met |\n| --- |"+strings.Repeat(" ---: |", len(names))+" ---: | --- | --- |\n")
	writeRows(w, names, e.rows())
}

func (e *Engine) cores(w io.Writer) {
	fmt.Fprintln(w, "| | itself | custom provider | load | all |\n| --- | ---: | ---: | ---: | ---: |")
	line := func(what string, name Subject, get func(func(Cores) float64) float64) {
		all := get(func(c Cores) float64 { return c.All })
		if all == 0 {
			return
		}
		fmt.Fprintf(w, "| %s, %s | %.2f | %.2f | %.2f | %.2f |\n", what, titles[name], get(func(c Cores) float64 { return c.Subject }),
			get(func(c Cores) float64 { return c.Sink }), get(func(c Cores) float64 { return c.Load }), all)
	}
	for _, name := range e.subjects() {
		line("windows due", name, func(share func(Cores) float64) float64 {
			return e.notified(name, func(n Notify) float64 { return share(n.Cores) })
		})
		line("one-on-one messages", name, func(share func(Cores) float64) float64 {
			return e.events(name, func(e Events) float64 { return share(e.Cores) })
		})
		line("burst", name, func(share func(Cores) float64) float64 {
			return e.burst(name, func(b Burst) float64 { return share(b.Notify.Cores) })
		})
	}
}
