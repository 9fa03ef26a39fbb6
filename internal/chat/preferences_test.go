package chat_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
)

func genDay(t *rapid.T) chat.Day {
	clock := func(label string) int {
		return 100*rapid.IntRange(0, 23).Draw(t, label) + rapid.IntRange(0, 59).Draw(t, label)
	}
	return chat.Day{From: clock("from"), To: clock("to"), DND: rapid.Bool().Draw(t, "dnd")}
}

func genWeek(t *rapid.T) chat.Week {
	var week chat.Week
	for day := range time.Weekday(7) {
		*week.Day(day) = genDay(t)
	}
	return week
}

func genDelivery(t *rapid.T) chat.DeliverySettings {
	return chat.DeliverySettings{
		NotifyForUnreadOnly: rapid.Bool().Draw(t, "unread"), IntervalInSeconds: rapid.IntRange(60, 86_400).Draw(t, "interval"),
		MaxPerDay: rapid.IntRange(1, 30).Draw(t, "a day"), MaxPerDayPerConversation: rapid.IntRange(1, 30).Draw(t, "here"),
	}
}

func genSettings(t *rapid.T) *chat.Settings {
	s := chat.DefaultSettings()
	p := &s.Preferences
	for _, events := range []chat.EventSettings{p.Group, p.OneOnOne} {
		for _, name := range sortedKeys(events) {
			override := events[name].Override && rapid.Bool().Draw(t, name)
			events[name] = chat.EventSetting{Value: rapid.IntRange(1, 2).Draw(t, name), Override: override}
		}
	}
	p.Mute = chat.MuteSettings{
		DND: rapid.IntRange(1, 2).Draw(t, "dnd"), DNDOverride: rapid.Bool().Draw(t, "own dnd"),
		Schedule: genWeek(t), ScheduleOverride: rapid.Bool().Draw(t, "own schedule"),
		MutedGroupsOverride: rapid.Bool().Draw(t, "groups"), MutedOneOnOneAllowed: rapid.Bool().Draw(t, "one-on-ones"),
	}
	p.Email.DeliverySettings, p.Email.Override = genDelivery(t), rapid.Bool().Draw(t, "own email")
	s.Templates.UsePrivacy = rapid.IntRange(1, 3).Draw(t, "privacy")
	return s
}

// perhaps draws something, or nil.
func perhaps[T any](t *rapid.T, label string, gen func() T) *T {
	if rapid.Bool().Draw(t, label) {
		return nil
	}
	value := gen()
	return &value
}

func genPreferences(t *rapid.T) *chat.Preferences {
	choices := func(names []string) map[string]int {
		own := make(map[string]int)
		for _, name := range names {
			if rapid.Bool().Draw(t, name) {
				own[name] = rapid.IntRange(1, 2).Draw(t, name)
			}
		}
		return own
	}
	number := func(least, most int) func() int {
		return func() int { return rapid.IntRange(least, most).Draw(t, "number") }
	}
	yes := func() bool { return rapid.Bool().Draw(t, "yes") }
	defaults := chat.DefaultSettings().Preferences
	return &chat.Preferences{
		Group: choices(sortedKeys(defaults.Group)), OneOnOne: choices(sortedKeys(defaults.OneOnOne)),
		DND: perhaps(t, "dnd", number(1, 2)), Schedule: perhaps(t, "schedule", func() chat.Week { return genWeek(t) }),
		UsePrivacy: perhaps(t, "privacy", yes),
		Email: perhaps(t, "email", func() chat.EmailChoices {
			return chat.EmailChoices{
				NotifyForUnreadOnly: perhaps(t, "unread", yes), IntervalInSeconds: perhaps(t, "interval", number(60, 86_400)),
				MaxPerDay: perhaps(t, "a day", number(1, 30)), MaxPerDayPerConversation: perhaps(t, "here", number(1, 30)),
			}
		}),
	}
}

// own is a choice where it is allowed and was made, else the app's value.
func own[T any](allowed bool, choice *T, app T) T {
	if allowed && choice != nil {
		return *choice
	}
	return app
}

func TestMergeTakesAChoiceWhereItIsAllowedAndMade(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := genSettings(t), genPreferences(t)
		app, e := &s.Preferences, s.Merge(p)
		if got, want := e.DND, own(app.Mute.DNDOverride, p.DND, app.Mute.DND) == 2; got != want {
			t.Fatalf("dnd: %t", got)
		}
		if got, want := *e.Schedule, own(app.Mute.ScheduleOverride, p.Schedule, app.Mute.Schedule); got != want {
			t.Fatalf("schedule: %v", got)
		}
		if got, want := e.Privacy, own(s.Templates.UsePrivacy == 3, p.UsePrivacy, s.Templates.UsePrivacy == 2); got != want {
			t.Fatalf("privacy: %t", got)
		}
		email := own(app.Email.Override, p.Email, chat.EmailChoices{})
		if got, want := e.Email, (chat.DeliverySettings{
			NotifyForUnreadOnly: own(true, email.NotifyForUnreadOnly, app.Email.NotifyForUnreadOnly),
			IntervalInSeconds:   own(true, email.IntervalInSeconds, app.Email.IntervalInSeconds),
			MaxPerDay:           own(true, email.MaxPerDay, app.Email.MaxPerDay),

			MaxPerDayPerConversation: own(true, email.MaxPerDayPerConversation, app.Email.MaxPerDayPerConversation),
		}); got != want {
			t.Fatalf("email: %+v, want %+v", got, want)
		}
		for kind, events := range map[chat.ReceiverType]chat.EventSettings{chat.ReceiverGroup: app.Group, chat.ReceiverUser: app.OneOnOne} {
			choices := map[chat.ReceiverType]map[string]int{chat.ReceiverGroup: p.Group, chat.ReceiverUser: p.OneOnOne}[kind]
			for name, setting := range events {
				want := setting.Value
				if choice, made := choices[name]; made && setting.Override {
					want = choice
				}
				if got := e.Events(kind)[name]; got.Value != want || got.Override != setting.Override {
					t.Fatalf("%s %s: %+v, want %d", kind, name, got, want)
				}
			}
		}
		if e.Mutes(chat.ReceiverGroup) != app.Mute.MutedGroupsOverride || e.Mutes(chat.ReceiverUser) != app.Mute.MutedOneOnOneAllowed {
			t.Fatal("mutes")
		}
	})
}

// TestTheAppsValueWinsAtOnce: when an app takes the choices away, nobody's
// count, and they are back when it gives them back (F060 to F062).
func TestTheAppsValueWinsAtOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := genSettings(t), genPreferences(t)
		before := asJSON(t, s.Merge(p))
		given := asJSON(t, s)
		forbid(s)
		if diff := cmp.Diff(s.Merge(nil), s.Merge(p)); diff != "" {
			t.Fatal(diff)
		}
		back := chat.DefaultSettings()
		if err := json.Unmarshal(given, back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(before), string(asJSON(t, back.Merge(p)))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestMergeChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := genSettings(t), genPreferences(t)
		before := string(asJSON(t, s)) + string(asJSON(t, p))
		s.Merge(p)
		chat.MergedView(s, p)
		chat.DefaultsView(s)
		if after := string(asJSON(t, s)) + string(asJSON(t, p)); after != before {
			t.Fatal(cmp.Diff(before, after))
		}
	})
}

func TestPreferencesSurviveJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := genPreferences(t)
		var again chat.Preferences
		if err := json.Unmarshal(asJSON(t, p), &again); err != nil {
			t.Fatal(err)
		}
		s := genSettings(t)
		if diff := cmp.Diff(s.Merge(p), s.Merge(&again)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestInterval(t *testing.T) {
	t.Parallel()
	if d := (chat.DeliverySettings{IntervalInSeconds: 90}); d.Interval() != 90*time.Second {
		t.Error(d.Interval())
	}
}
