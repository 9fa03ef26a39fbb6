package report

import (
	"fmt"
	"html"
	"io"
)

// bar is one bar of a plot.
type bar struct {
	label string
	class string
	value float64
}

// panel is one group of bars with a scale of its own.
type panel struct {
	title string
	bars  []bar
}

func (r *Results) panels() []panel {
	classes := map[Subject]string{SQLite: "ours", PostgreSQL: "ours", Peer: "peer"}
	accept := panel{title: "Webhooks accepted per second while at least 1,000 mails/s leave"}
	full := panel{title: "Webhooks accepted per second at full load, whatever leaves"}
	drain := panel{title: "Mails per second out of a backlog"}
	for _, name := range r.subjects() {
		accept.bars = append(accept.bars, bar{titles[name], classes[name], r.balanced(name, webhooks)})
		full.bars = append(full.bars, bar{titles[name], classes[name], r.accepted(name, webhooks)})
		drain.bars = append(drain.bars, bar{titles[name], classes[name], r.drained(name, func(d Drain) float64 { return d.Mails })})
	}
	drain.bars = append(drain.bars, bar{"raw loop", "raw", r.ceiling()}, bar{"raw loop, pipelined", "raw", r.pipelined()})
	var panels []panel
	for _, p := range append([]panel{accept, full, drain}, r.Engine.panels()...) {
		if p.largest() > 0 {
			panels = append(panels, p)
		}
	}
	return panels
}

func (e *Engine) panels() []panel {
	if e == nil {
		return nil
	}
	notify, events := panel{title: "Notifications per second"}, panel{title: "One-on-one messages accepted per second"}
	for _, name := range e.subjects() {
		notify.bars = append(notify.bars, bar{titles[name], "ours", e.notified(name, calls)})
		events.bars = append(events.bars, bar{titles[name], "ours", e.events(name, perSecond)})
	}
	notify.bars = append(notify.bars, bar{"raw loop", "raw", e.ceiling()})
	return []panel{notify, events}
}

func (p *panel) largest() float64 {
	largest := 0.0
	for _, b := range p.bars {
		largest = max(largest, b.value)
	}
	return largest
}

const plotStyle = `
text { font: 13px -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; fill: #24292f; }
.title { font-weight: 600; }
.page { fill: #ffffff; }
.ours { fill: #2d6a3e; }
.peer { fill: #8a5300; }
.raw { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .page { fill: #0d1117; }
  .ours { fill: #57ab5a; }
  .peer { fill: #c69026; }
  .raw { fill: #6e7681; }
}
`

// plot draws the panels one below the other, as SVG.
func (r *Results) plot(w io.Writer) {
	const (
		width, margin   = 760, 16
		titleHeight     = 34
		barHeight, step = 20, 28
		labels, numbers = 170, 60
	)
	panels := r.panels()
	height := 2 * margin
	for _, p := range panels {
		height += titleHeight + step*len(p.bars)
	}
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="Bars: webhooks accepted and mails sent per second">`+"\n",
		width, height)
	fmt.Fprintf(w, "<style>%s</style>\n<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", plotStyle, width, height)
	y := margin
	for _, p := range panels {
		fmt.Fprintf(w, `<text class="title" x="%d" y="%d">%s</text>`+"\n", margin, y+20, html.EscapeString(p.title))
		y += titleHeight
		scale := (width - 2*margin - labels - numbers) / p.largest()
		for _, b := range p.bars {
			length := b.value * scale
			fmt.Fprintf(w, `<text x="%d" y="%d">%s</text><rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/><text x="%.1f" y="%d">%s</text>`+"\n",
				margin, y+15, html.EscapeString(b.label), b.class, margin+labels, y, length, barHeight,
				margin+labels+length+8, y+15, number(b.value))
			y += step
		}
	}
	fmt.Fprintln(w, "</svg>")
}
