package rule

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Evidence is what a decision rested on. It is kept with every decision, so it
// has to be small, and cheap to make: each step is the number of its rule, that
// of its verdict, and its words; as the number of a phrase where rules often say
// the same.
type Evidence struct {
	OpenedAt, DueAt time.Time // of the window; to the millisecond
	Steps           []Step
}

// evidenceForm is the first byte. Another form gets another number.
const evidenceForm = 1

var errEvidence = errors.New("not the evidence of a decision")

// traceRules are the names of rules by their numbers. What is kept refers to
// them: new ones are added at the end, none is taken out.
func traceRules() []string {
	return []string{
		"message", "user", "member", "enabled", "provider", "groupSize", "call", "blocked", "unread", "interval", "age", "event",
		"bypass", "dnd", "mute", "schedule", "quota", "address",
	}
}

func traceVerdicts() []string {
	return []string{VerdictPass, VerdictSkip, VerdictWait, VerdictLifted, VerdictDone}
}

// tracePhrases are what rules often say, by their numbers, which count from 1.
// As with the rules, new ones are added at the end.
func tracePhrases() []string {
	return []string{
		"the person is active", "one-on-one", "the person is in the group", "email is switched on", "1 enabled", "no limit",
		"no earlier call is open", "no sender is blocked", "read messages are told too", "nothing lifts preferences", "off", "not muted",
		"no schedule", "to custom", "to sendgrid", "to custom, sendgrid", "1 of 1 messages are to be told", "1 of 1 messages are unread",
		"1 of 1 messages are wanted", "the person is mentioned", "everybody is mentioned", "everything was read in time", "2 enabled",
		"no address is stored", "email is switched off", "no provider is enabled", "do not disturb is on", "the person is not in the group",
		"every message was deleted in time", "muted, but the app allows no mutes", "1 of 1 providers need an address, and none is stored",
	}
}

// Clerk writes evidence. It does not change, and is safe for concurrent use.
type Clerk struct {
	rules, verdicts, phrases map[string]uint64
}

// NewClerk returns a clerk.
func NewClerk() *Clerk {
	number := func(all []string, first uint64) map[string]uint64 {
		numbers := make(map[string]uint64, len(all))
		for i, one := range all {
			numbers[one] = first + uint64(i)
		}
		return numbers
	}
	return &Clerk{number(traceRules(), 0), number(traceVerdicts(), 0), number(tracePhrases(), 1)}
}

// usualEvidence is room for what most decisions rest on, in bytes.
const usualEvidence = 192

// Encode returns evidence as [DecodeEvidence] reads it.
func (c *Clerk) Encode(e *Evidence) []byte {
	b := append(make([]byte, 0, usualEvidence), evidenceForm)
	b = binary.AppendVarint(b, e.OpenedAt.UnixMilli())
	b = binary.AppendVarint(b, e.DueAt.Sub(e.OpenedAt).Milliseconds())
	for i := range e.Steps {
		s := &e.Steps[i]
		rule, known := c.rules[s.Rule]
		verdict, said := c.verdicts[s.Verdict]
		if !known || !said {
			continue // a test holds that there is none
		}
		b = binary.AppendUvarint(b, rule<<3|verdict)
		phrase := c.phrases[s.Detail]
		b = binary.AppendUvarint(b, phrase)
		if phrase == 0 {
			b = binary.AppendUvarint(b, uint64(len(s.Detail)))
			b = append(b, s.Detail...)
		}
	}
	return b
}

// DecodeEvidence reads what a clerk wrote. What a later release has added is an
// error.
func DecodeEvidence(b []byte) (Evidence, error) {
	if len(b) == 0 || b[0] != evidenceForm {
		return Evidence{}, errEvidence
	}
	r := reader{rest: b[1:]}
	opened := r.signed()
	e := Evidence{OpenedAt: time.UnixMilli(opened).UTC(), DueAt: time.UnixMilli(opened + r.signed()).UTC()}
	rules, verdicts, phrases := traceRules(), traceVerdicts(), slices.Concat([]string{""}, tracePhrases())
	for len(r.rest) > 0 && !r.failed {
		head, phrase := r.number(), r.number()
		if head>>3 >= uint64(len(rules)) || head&7 >= uint64(len(verdicts)) || phrase >= uint64(len(phrases)) {
			r.failed = true
			break
		}
		detail := phrases[phrase]
		if phrase == 0 {
			detail = r.text()
		}
		e.Steps = append(e.Steps, Step{rules[head>>3], verdicts[head&7], detail})
	}
	if r.failed {
		return Evidence{}, fmt.Errorf("%w: step %d", errEvidence, len(e.Steps)+1)
	}
	return e, nil
}

// reader reads numbers and texts, until it fails.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.skip(size)
	return n
}

func (r *reader) signed() int64 {
	n, size := binary.Varint(r.rest)
	r.skip(size)
	return n
}

func (r *reader) skip(size int) {
	if size <= 0 {
		r.failed, r.rest = true, nil
		return
	}
	r.rest = r.rest[size:]
}

func (r *reader) text() string {
	size := r.number()
	if size > uint64(len(r.rest)) {
		r.failed = true
		return ""
	}
	text := string(r.rest[:size])
	r.rest = r.rest[size:]
	return text
}
