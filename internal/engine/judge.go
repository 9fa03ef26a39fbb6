package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/engine/rule"
	"github.com/postrider/postrider/internal/engine/vault"
)

// judge decides windows by the rules, under the settings of one moment.
type judge struct {
	*Engine
	settings  *chat.Settings
	providers vault.Providers
	templates *digest.Templates
}

var _ Judge = (*judge)(nil)

func (e *Engine) judge(ctx context.Context) (*judge, error) {
	settings, err := e.cfg.Vault.Settings(ctx, e.cfg.App)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	providers, err := e.cfg.Vault.Providers(ctx, e.cfg.App)
	if err != nil {
		return nil, fmt.Errorf("read providers: %w", err)
	}
	return &judge{e, settings, providers, e.templatesOf(settings)}, nil
}

// recentJudge returns a judge under settings that may be a moment old: every
// call needs one. One reads them for all who wait.
func (e *Engine) recentJudge(ctx context.Context) (*judge, error) {
	e.reading.Lock()
	defer e.reading.Unlock()
	now := e.cfg.Clock()
	if age := now.Sub(e.recentAt); e.recent != nil && age >= 0 && age < settingsFor {
		return e.recent, nil
	}
	j, err := e.judge(ctx)
	if err != nil {
		return nil, err
	}
	e.recent, e.recentAt = j, now
	return j, nil
}

// WantsGroupSize implements [Judge].
func (j *judge) WantsGroupSize() bool { return j.settings.Preferences.Email.MaxGroupSize > 0 }

// Day implements [Judge].
func (j *judge) Day(c *Case) int64 { return rule.Day(c.Now, j.location(c)) }

// location is where the person is: as they registered it, else as people of
// the app's region are (F017).
func (j *judge) location(c *Case) *time.Location {
	for _, name := range []string{c.Timezone, chat.DefaultTimezone(j.cfg.Region)} {
		if name == "" {
			continue
		}
		if location := j.locations.find(name); location != nil {
			return location
		}
	}
	return time.UTC
}

// Judge implements [Judge].
func (j *judge) Judge(c *Case) Verdict {
	facts := j.facts(c)
	decision := rule.Decide(facts)
	v := Verdict{
		Wait: decision.Until, Reason: decision.Reason,
		Send: numbers(c, decision.Send), To: decision.To,
		MaxPerDay: facts.Effective.Email.MaxPerDay, MaxHere: facts.Effective.Email.MaxPerDayPerConversation,
		Again: c.Now.Add(facts.Interval),
	}
	if !decision.Waits() {
		v.Evidence = j.clerk.Encode(&rule.Evidence{OpenedAt: c.OpenedAt, DueAt: c.DueAt, Steps: decision.Trace})
	}
	for _, skip := range decision.Skipped {
		v.Skipped = append(v.Skipped, Skip{skip.Reason, skip.Detail, numbers(c, skip.Messages), skip.Provider})
	}
	return v
}

func numbers(c *Case, indexes []int) []int64 {
	if len(indexes) == 0 {
		return nil
	}
	all := make([]int64, len(indexes))
	for i, index := range indexes {
		all[i] = c.Messages[index].Number
	}
	return all
}

// facts are what the rules see of a case.
func (j *judge) facts(c *Case) *rule.Facts {
	effective := j.settings.Merge(c.Preferences)
	f := &rule.Facts{
		Now: c.Now, Settings: j.settings, Effective: effective,
		Conversation: c.Conversation, Recipient: c.UID,
		Unknown: c.Person == nil, Deactivated: c.Person != nil && !c.Person.DeactivatedAt.IsZero(),
		Member: c.Member, Since: c.Since, Joined: c.Joined.Truncate(time.Second), GroupSize: c.GroupSize,
		MutedUntil: c.MutedUntil, Location: j.location(c),
		SentToday: c.SentToday, SentTodayHere: c.SentTodayHere,
		Providers: j.enabled(), HasAddress: c.Email != "",
		MaxAge: j.cfg.MaxAge, Interval: j.faster(effective.Email.Interval()),
		BusyUntil: c.BusyUntil,
		Messages:  make([]rule.Message, len(c.Messages)),
	}
	for i := range c.Messages {
		m := &c.Messages[i]
		f.Messages[i] = rule.Message{
			Number: m.Number, ID: m.ID, Sender: m.Sender, Kind: m.Kind, State: m.State,
			Mentioned: slices.Contains(m.Mentions, c.UID), MentionsAll: m.MentionsAll,
			Read:    c.Mark.Covers(m.SentAt, m.ID),
			Blocked: slices.ContainsFunc(c.Blocks[m.Sender], func(s Span) bool { return s.Holds(m.ArrivedAt) }),
			SentAt:  m.SentAt, ArrivedAt: m.ArrivedAt,
		}
	}
	return f
}

// enabled lists the providers that are called. SendGrid has no other way to
// an address than the stored one (S21).
func (j *judge) enabled() []rule.Provider {
	var all []rule.Provider
	if c := j.providers.Custom; c != nil && c.IsEnabled {
		all = append(all, rule.Provider{Name: ProviderCustom, NeedsAddress: c.UseStoredEmailID})
	}
	if s := j.providers.SendGrid; s != nil && s.IsEnabled {
		all = append(all, rule.Provider{Name: ProviderSendGrid, NeedsAddress: true})
	}
	return all
}

// needsAddress reports whether a provider is called only for people whose
// address is stored; no name stands for the one that is called then.
func (j *judge) needsAddress(name string) bool {
	for _, p := range j.enabled() {
		if p.Name == name || name == "" {
			return p.NeedsAddress
		}
	}
	return false
}
