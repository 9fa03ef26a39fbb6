package conformance

import (
	"context"
	"net/http"
	"strconv"
)

// Options is what a check is asked for beyond the usual.
type Options struct {
	// Burst also calls for a whole group at once.
	Burst bool
	// Oversize is how many bytes the body has that should be refused for its
	// size; 0 is 20 MiB.
	Oversize int
	// OnLine, if set, is told each line as soon as it is known.
	OnLine func(Line)
}

// check is one line: what should hold, and how to see it.
type check struct {
	id, says, why, mend string
	// needs says what must have been seen before this tells anything.
	needs need
	look  func(ctx context.Context, r *run) verdict
}

type need int

const (
	nothing  need = iota
	reached       // somebody answers
	accepted      // a notification was accepted: only then a refusal says something
)

// verdict is what was seen.
type verdict struct {
	state  State
	detail string
}

// run is one check of one provider.
type run struct {
	*Client
	options Options
	calls   int
	// first is the answer to the first call, the simplest there is.
	first Answer
	// accepts: it was 200.
	accepts bool
}

// Check plays the engine against the provider: some 30 calls one after the
// other, 130 with a burst. All that it posts is for people under [Domain].
// When ctx ends, so does the check, with what is known by then and ctx's
// error.
func (c *Client) Check(ctx context.Context, options Options) (*Report, error) {
	r := &run{Client: c, options: options}
	report := &Report{URL: c.cfg.URL, StartedAt: c.cfg.Clock(), Holds: true}
	r.first = r.post(ctx, &Sample{}, "one-on-one")
	r.accepts = r.first.Status == http.StatusOK
	for _, one := range checks() {
		if err := ctx.Err(); err != nil {
			report.Holds = false
			return report, err
		}
		begun := c.cfg.Clock()
		v := r.ask(ctx, &one)
		line := Line{ID: one.id, Says: one.says, State: v.state, Detail: v.detail, Took: c.cfg.Clock().Sub(begun)}
		if one.id == "one-on-one" {
			line.Took = r.first.Took
		}
		if v.state == Fails {
			line.Why, line.Mend, report.Holds = one.why, one.mend, false
		}
		report.Lines = append(report.Lines, line)
		if options.OnLine != nil {
			options.OnLine(line)
		}
	}
	return report, ctx.Err()
}

func (r *run) ask(ctx context.Context, one *check) verdict {
	switch {
	case one.needs >= reached && r.first.Status == 0:
		return notAsked("nobody answers")
	case one.needs >= accepted && !r.accepts:
		return notAsked("no notification was accepted, so that a refusal says nothing")
	}
	return one.look(ctx, r)
}

func holds(detail string) verdict    { return verdict{Holds, detail} }
func fails(detail string) verdict    { return verdict{Fails, detail} }
func notAsked(detail string) verdict { return verdict{NotAsked, detail} }

// post posts a sample with an address, unless it is bare.
func (r *run) post(ctx context.Context, sample *Sample, name string) Answer {
	return r.do(ctx, r.next(r.made(sample, name)))
}

// made is the body of a sample.
func (r *run) made(sample *Sample, name string) []byte {
	filled := r.fill(sample, name)
	if !filled.Bare {
		filled.Email = filled.UID + "@" + Domain
	}
	return filled.body()
}

// next makes a call that nobody has made before.
func (r *run) next(body []byte) *call {
	r.calls++
	return &call{id: "postrider-check-" + r.run + "-" + strconv.Itoa(r.calls), body: body}
}
