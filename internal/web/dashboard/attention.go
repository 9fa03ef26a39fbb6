package dashboard

import (
	"cmp"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/outbox"
)

// Health is how a way out does, as this process sees it.
type Health struct {
	Name string // an endpoint, or a gateway
	Kind string // HealthProvider or HealthGateway
	// Paused: nothing is handed to it until the next probe.
	Paused   bool
	Failures int       // in a row, of a provider
	Since    time.Time // when the pause began; zero if it is not known
	ProbeAt  time.Time
	Cause    string // of the pause, if it is known
}

// Kinds of [Health].
const (
	HealthProvider = "Provider"
	HealthGateway  = "Gateway"
)

// attention is something that somebody should look at.
type attention struct {
	Bad         bool
	Title, Text string
	Link, Label string
}

// state is what it is judged by whether something needs attention.
type state struct {
	now     time.Time
	health  []Health
	depths  map[outbox.Lane]outbox.Depth
	tallies []outbox.Tally // of the last day, with reasons
}

const (
	// oldestDue is for how long what is due may wait.
	oldestDue = 5 * time.Minute
	// reasonsTold bounds how many reasons of failures are told one by one.
	reasonsTold = 3
)

// needsAttention says what somebody should look at, the worst first.
func needsAttention(s *state) []attention {
	var all []attention
	for _, h := range s.health {
		if !h.Paused {
			continue
		}
		text := "Nothing is handed to it until a probe succeeds."
		if !h.ProbeAt.IsZero() {
			text = "The next try is " + humanize.RelTime(h.ProbeAt, s.now, "ago", "from now") + "."
			if !h.ProbeAt.After(s.now) {
				text = "It is being tried."
			}
		}
		if h.Cause != "" {
			text = sentence(h.Cause) + ". " + text
		}
		if h.Failures > 0 {
			text = count(h.Failures, "failure", "failures") + " in a row. " + text
		}
		all = append(all, attention{Bad: true, Title: h.Kind + " paused: " + h.Name, Text: text})
	}
	for _, lane := range []outbox.Lane{outbox.LaneCall, outbox.LaneMail} {
		depth := s.depths[lane]
		if late := s.now.Sub(depth.OldestDue); !depth.OldestDue.IsZero() && late > oldestDue {
			all = append(all, attention{
				Bad: true, Title: laneName(lane) + "s are late",
				Text: "The oldest was due " + humanize.RelTime(depth.OldestDue, s.now, "ago", "from now") + ".",
				Link: (&logQuery{Lane: lane, Status: "waiting"}).url(), Label: "Show what waits",
			})
		}
	}
	all = append(all, nothingSent(s)...)
	all = append(all, failures(s)...)
	return append(all, missing(s)...)
}

// nothingSent: what was to be told of came to nothing, all day.
func nothingSent(s *state) []attention {
	var sent, lost int
	for _, t := range s.tallies {
		switch {
		case t.Lane != outbox.LaneCall:
		case t.State == outbox.Sent:
			sent += t.N
		case t.State == outbox.Failed, t.State == outbox.Skipped && (t.Reason == string(chat.ReasonNoProvider) || t.Reason == string(chat.ReasonOff)):
			lost += t.N
		}
	}
	if sent > 0 || lost == 0 {
		return nil
	}
	return []attention{{
		Bad: true, Title: "Nothing was sent in the last day", Text: count(lost, "notification", "notifications") + " came to nothing.",
		Link: logPath, Label: "Show the log",
	}}
}

// failures are what failed, by reason, the most frequent first.
func failures(s *state) []attention {
	type failed struct {
		lane   outbox.Lane
		reason string
	}
	numbers := make(map[failed]int)
	for _, t := range s.tallies {
		if t.State == outbox.Failed {
			numbers[failed{t.Lane, t.Reason}] += t.N
		}
	}
	keys := make([]failed, 0, len(numbers))
	for key := range numbers {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b failed) int {
		return cmp.Or(numbers[b]-numbers[a], cmp.Compare(a.lane, b.lane), cmp.Compare(a.reason, b.reason))
	})
	var all []attention
	for _, key := range keys[:min(len(keys), reasonsTold)] {
		what := count(numbers[key], "call", "calls")
		if key.lane == outbox.LaneMail {
			what = count(numbers[key], "mail", "mails")
		}
		all = append(all, attention{
			Bad: true, Title: what + " failed in the last day", Text: or(reasonText(chat.Reason(key.reason)), "No reason was given") + ".",
			Link: (&logQuery{Lane: key.lane, Status: "failed", Reason: key.reason}).url(), Label: "Show them",
		})
	}
	return all
}

// missing are what was not told because something is not there that somebody
// could add.
func missing(s *state) []attention {
	var all []attention
	for _, one := range []struct {
		reason      chat.Reason
		text        string
		link, label string
	}{
		{chat.ReasonMissingEmail, "People whose address nobody knows. What was skipped can be replayed once it is known.", "", "Show them"},
		{chat.ReasonInvalidEmail, "Addresses that cannot be one.", "", "Show them"},
		{chat.ReasonNoProvider, "No provider is enabled.", credentialsPath, "Credentials"},
		{chat.ReasonOff, "Email is switched off.", preferencesPath, "Preferences"},
	} {
		for _, lane := range []outbox.Lane{outbox.LaneCall, outbox.LaneMail} {
			n := 0
			for _, t := range s.tallies {
				if t.Lane == lane && t.State == outbox.Skipped && t.Reason == string(one.reason) {
					n += t.N
				}
			}
			if n == 0 {
				continue
			}
			link := or(one.link, (&logQuery{Lane: lane, Reason: string(one.reason)}).url())
			what := count(n, "notification was", "notifications were") + " not told in the last day"
			if lane == outbox.LaneMail {
				what = count(n, "mail was", "mails were") + " not sent in the last day"
			}
			all = append(all, attention{Title: what, Text: one.text, Link: link, Label: one.label})
		}
	}
	return all
}

// url is the address of the log for a query.
func (q *logQuery) url() string { return logPath + q.encode() }
