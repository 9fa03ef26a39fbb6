package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/engine/rule"
	"github.com/postrider/postrider/internal/outbox"
)

// What must never happen, whatever people do.
func TestStories(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		for _, wrong := range tellStory(t, s, options{poll: time.Hour}) {
			rt.Error(wrong)
		}
	})
}

// The same on PostgreSQL, which takes longer: fewer of them.
func TestStoriesOnPostgres(t *testing.T) {
	t.Parallel()
	drawn := rapid.Custom(drawStory)
	stories := 1
	if soak {
		stories = 10
	}
	for seed := range stories {
		s := drawn.Example(seed)
		for _, wrong := range tellStory(t, s, options{url: server.URL(t), poll: 8 * time.Hour}) {
			t.Errorf("%s\n%+v", wrong, s)
		}
	}
}

// tellStory plays a story in a bubble, and returns what was wrong.
func tellStory(t *testing.T, s *story, o options) (wrong []string) {
	o.region, o.maxAge = "us", 40*time.Hour
	synctest.Test(t, func(t *testing.T) {
		p := newTeller(t, s, o)
		p.tell()
		wrong = p.check()
	})
	return wrong
}

func (p *teller) check() (wrong []string) {
	entries, err := p.History(p.t.Context(), history.Filter{App: app}, 10_000)
	if err != nil {
		p.t.Fatal(err)
	}
	told := make(map[[2]string]int)
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, c := range p.providers.all() {
		for _, text := range c.texts {
			m := p.number(text)
			switch {
			case m == nil:
				complain("%s was told %q, which nobody wrote", c.uid, text)
				continue
			case m.Sender == c.uid:
				complain("%s was told their own message %s", c.uid, text)
			case !slices.Contains(m.audience, c.uid):
				complain("%s was told message %s, which was for %v", c.uid, text, m.audience)
			case p.unreadOnly() && m.read[c.uid] && p.bubble(c.at).Sub(m.readAt[c.uid]) > 10*time.Second:
				complain("%s was told message %s %s after they had read it", c.uid, text, p.bubble(c.at).Sub(m.readAt[c.uid]))
			case !m.deleted.IsZero() && p.bubble(c.at).Sub(m.deleted) > 10*time.Second:
				complain("%s was told message %s %s after it was deleted", c.uid, text, p.bubble(c.at).Sub(m.deleted))
			}
			if c.status/100 == 2 {
				told[[2]string{c.uid, text}]++
			}
		}
	}
	for key, n := range told {
		if n > 1 {
			complain("%s was told message %s %d times", key[0], key[1], n)
		}
	}
	reasons := make(map[[2]string]chat.Reason)
	for i := range entries {
		e := &entries[i]
		for _, id := range e.MessageIDs {
			if e.State == outbox.Skipped || e.State == outbox.Failed || e.State == outbox.Pending {
				reasons[[2]string{e.UID, id}] = e.Reason
			}
		}
	}
	waiting := p.waiting(complain)
	for _, m := range p.messages {
		for _, uid := range m.audience {
			key := [2]string{uid, m.label()}
			accounted := told[key] > 0 || reasons[key] != "" || waiting[key] || !m.deleted.IsZero() || m.left[uid] || p.unreadOnly() && m.read[uid]
			if !accounted {
				complain("nothing is known of what became of message %s for %s", m.label(), uid)
			}
		}
	}
	return append(append(wrong, p.checkLimits(entries)...), p.checkHours()...)
}

// checkHours looks at when calls were made, retries too.
func (p *teller) checkHours() (wrong []string) {
	settings, err := p.vault.Settings(p.t.Context(), app)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range p.providers.all() {
		who := &p.people[slices.IndexFunc(p.people, func(o person) bool { return o.uid == c.uid })]
		lifted := slices.ContainsFunc(c.texts, func(text string) bool {
			m := p.number(text)
			return m != nil && (p.mentions && slices.Contains(m.Mentions, c.uid) || p.all && m.MentionsAll)
		})
		week, loc := settings.Merge(&who.prefs).Schedule, p.zoneOf(who)
		// A decision holds for a moment.
		if !lifted && !rule.Open(week, c.at, loc) && !rule.Open(week, c.at.Add(-10*time.Second), loc) {
			wrong = append(wrong, fmt.Sprintf("%s was told %v at %s, outside of %+v", c.uid, c.texts, c.at.In(loc), *week))
		}
	}
	return wrong
}

// zoneOf is where somebody is.
func (p *teller) zoneOf(who *person) *time.Location {
	zone := who.zone
	if zone == "" {
		zone = chat.DefaultTimezone(p.region)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		p.t.Fatal(err)
	}
	return loc
}

// bubble is the bubble's time of what the engine's clock says. It is right
// only where the clock has not jumped since; then it says what is long ago.
func (p *teller) bubble(at time.Time) time.Time {
	for i := range p.steps {
		if p.steps[i].do == "jump" {
			return time.Time{}
		}
	}
	return at
}

func (p *teller) unreadOnly() bool { return p.email.NotifyForUnreadOnly }

// waiting returns what open windows are about. After so long a time each must
// say what it waits for.
func (p *teller) waiting(complain func(string, ...any)) map[[2]string]bool {
	waiting := make(map[[2]string]bool)
	err := p.rows(`SELECT w.uid, m.id, w.due_at, w.waits_for FROM windows w JOIN messages m ON m.app = w.app AND m.conversation = w.conversation
		AND m.number > w.after`, func(scan func(...any) error) error {
		var uid, id, reason string
		var due int64
		if err := scan(&uid, &id, &due, &reason); err != nil {
			return err
		}
		waiting[[2]string{uid, id}] = true
		if reason == "" && due <= p.now().UnixMilli() {
			complain("the window of %s about message %s is due and nobody looks at it", uid, id)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return waiting
}

// checkLimits looks at quotas, hours and silence.
func (p *teller) checkLimits(entries []history.Entry) (wrong []string) {
	settings, err := p.vault.Settings(p.t.Context(), app)
	if err != nil {
		p.t.Fatal(err)
	}
	counts := make(map[string]int)
	for i := range entries {
		e := &entries[i]
		if e.State == outbox.Skipped && e.Attempts == 0 {
			continue
		}
		who := &p.people[slices.IndexFunc(p.people, func(o person) bool { return o.uid == e.UID })]
		effective := settings.Merge(&who.prefs)
		loc := p.zoneOf(who)
		lifted := slices.ContainsFunc(e.MessageIDs, func(id string) bool {
			m := p.number(id)
			return p.mentions && slices.Contains(m.Mentions, e.UID) || p.all && m.MentionsAll
		})
		switch {
		case lifted:
		case effective.DND:
			wrong = append(wrong, e.UID+" was mailed who wants no mails")
		case !rule.Open(effective.Schedule, e.CreatedAt, loc):
			wrong = append(wrong, fmt.Sprintf("%s was mailed at %s, outside of %+v", e.UID, e.CreatedAt.In(loc), *effective.Schedule))
		case len(who.mutes) > 0 && e.Conversation == chat.InGroup("crowd"):
			wrong = append(wrong, e.UID+" was mailed about what they have muted")
		}
		if e.State == outbox.Failed || e.State == outbox.Skipped {
			continue
		}
		day := fmt.Sprint(e.UID, " on day ", rule.Day(e.CreatedAt, loc))
		here := day + " of " + string(e.Conversation)
		counts[day]++
		counts[here]++
		if n := counts[day]; n > effective.Email.MaxPerDay {
			wrong = append(wrong, fmt.Sprintf("%d mails for %s, at most %d", n, day, effective.Email.MaxPerDay))
		}
		if n := counts[here]; n > effective.Email.MaxPerDayPerConversation {
			wrong = append(wrong, fmt.Sprintf("%d mails for %s, at most %d", n, here, effective.Email.MaxPerDayPerConversation))
		}
	}
	return wrong
}
