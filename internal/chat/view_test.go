package chat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
)

func TestViewsOfAPerson(t *testing.T) {
	t.Parallel()
	settings := chat.DefaultSettings()
	golden(t, "merged.json", chat.MergedView(settings, nil))
	golden(t, "reset.json", chat.DefaultsView(settings))

	weekend := chat.WholeWeek()
	weekend.Monday.DND = true
	own := &chat.Preferences{
		Group: map[string]int{"messages": 3}, OneOnOne: map[string]int{"replies": 1}, DND: new(2), Schedule: &weekend,
		UsePrivacy: new(true), Email: &chat.EmailChoices{MaxPerDay: new(3)},
	}
	golden(t, "merged_own.json", chat.MergedView(settings, own))
}

// TestMergedViewTellsWhatCounts reads the view like an app's settings: an app
// that had set this would treat everybody like this person.
func TestMergedViewTellsWhatCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := genSettings(t), genPreferences(t)
		view := chat.MergedView(s, p)
		like := chat.DefaultSettings()
		like.Preferences.Email = s.Preferences.Email
		like, err := chat.PatchSettings(like, asJSON(t, view))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.Merge(p), like.Merge(nil)); diff != "" {
			t.Fatal(diff)
		}
		choices := p.Email != nil && s.Preferences.Email.Override
		if (view.Preferences.Email != nil) != choices {
			t.Fatalf("email is in the view: %t", !choices)
		}
	})
}

func TestDefaultsViewTellsPrivacy(t *testing.T) {
	t.Parallel()
	for mode, want := range map[int]bool{chat.TemplatesDefault: false, chat.TemplatesPrivacy: true, chat.TemplatesChoice: false} {
		s := chat.DefaultSettings()
		s.Templates.UsePrivacy = mode
		if got := chat.DefaultsView(s).UsePrivacy; got != want {
			t.Errorf("mode %d: %t", mode, got)
		}
	}
}
