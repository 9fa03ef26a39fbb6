package chat

import (
	"maps"
	"strings"
	"time"
)

// PatchPreferences returns what a person has set with the body of a PATCH laid
// over it (section 4.3 of CometChat's notification API, F063): what it does not
// name, and what it names as null, stays. current may be nil, and is not
// changed.
//
// The body speaks of groupPreferences, oneOnOnePreferences, mutePreferences,
// usePrivacyTemplate and, an extension of ours, emailPreferences (C8). What the
// app does not allow people to set is ignored without a look at it (F061). A
// schedule may name only some days, or one end of a day: the rest of it is what
// counts for the person now.
//
// A body that is refused is an [*Error] like one of [PatchSettings].
func PatchPreferences(settings *Settings, current *Preferences, body []byte) (*Preferences, error) {
	in, err := readInput(body)
	if err != nil {
		return nil, err
	}
	app, counts := &settings.Preferences, settings.Merge(current)
	next := &Preferences{}
	if current != nil {
		*next = *current
	}
	next.Group = in.object("groupPreferences").events("group", groupEvents(), app.Group, next.Group)
	next.OneOnOne = in.object("oneOnOnePreferences").events("oneOnOne", oneOnOneEvents(), app.OneOnOne, next.OneOnOne)

	mute := in.object("mutePreferences")
	if app.Mute.DNDOverride {
		choose(&next.DND, mute.integer("dnd", DNDOff, DNDOn))
	}
	if app.Mute.ScheduleOverride {
		choose(&next.Schedule, mute.week("schedule", counts.Schedule))
	}
	if settings.Templates.UsePrivacy == TemplatesChoice {
		choose(&next.UsePrivacy, in.boolean("usePrivacyTemplate"))
	}
	if app.Email.Override {
		next.Email = in.object("emailPreferences").email(next.Email)
	}
	if err := refuse(in.details); err != nil {
		return nil, err
	}
	return next, nil
}

// choose takes a choice over if there is one.
func choose[T any](to **T, choice *T) {
	if choice != nil {
		*to = choice
	}
}

// requestName is what a request calls an event of a kind of conversation:
// groupMemberLeft. Those that nobody may set have no name (C10).
func requestName(kind, event string) string {
	return kind + strings.ToUpper(event[:1]) + event[1:]
}

// events reads the choices that the app allows, and returns them with those
// that were there.
func (in *input) events(kind string, specs []eventSpec, app EventSettings, own map[string]int) map[string]int {
	next := maps.Clone(own)
	for _, spec := range specs {
		if !hasOverride(spec.name) || !app[spec.name].Override {
			continue
		}
		choice := in.integer(requestName(kind, spec.name), 1, spec.most)
		if choice == nil {
			continue
		}
		if next == nil {
			next = make(map[string]int)
		}
		next[spec.name] = *choice
	}
	return next
}

// week reads a schedule over the one that counts, or nothing if it sets
// nothing.
func (in *input) week(name string, counts *Week) *Week {
	schedule := in.object(name)
	next, given := *counts, false
	for day := range time.Weekday(7) {
		window := next.Day(day)
		sent := schedule.object(strings.ToLower(day.String()))
		from, to := sent.whole("from", isClock, clockProblem), sent.whole("to", isClock, clockProblem)
		dnd := sent.boolean("dnd")
		set(&window.From, from)
		set(&window.To, to)
		set(&window.DND, dnd)
		given = given || from != nil || to != nil || dnd != nil
	}
	if !given {
		return nil
	}
	return &next
}

// email reads a person's own delivery settings over those that were there.
func (in *input) email(own *EmailChoices) *EmailChoices {
	next := EmailChoices{}
	if own != nil {
		next = *own
	}
	choose(&next.NotifyForUnreadOnly, in.boolean("notifyForUnreadOnly"))
	choose(&next.IntervalInSeconds, in.integer("intervalInSeconds", MinInterval, MaxInterval))
	choose(&next.MaxPerDay, in.integer("maxPerDay", MinDailyLimit, MaxDailyLimit))
	choose(&next.MaxPerDayPerConversation, in.integer("maxPerDayPerConversation", MinDailyLimit, MaxDailyLimit))
	if next == (EmailChoices{}) {
		return nil
	}
	return &next
}
