package chat_test

import (
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

func TestWeekKnowsItsDays(t *testing.T) {
	t.Parallel()
	week := chat.WholeWeek()
	for day, field := range map[time.Weekday]*chat.Day{
		time.Monday: &week.Monday, time.Tuesday: &week.Tuesday, time.Wednesday: &week.Wednesday, time.Thursday: &week.Thursday,
		time.Friday: &week.Friday, time.Saturday: &week.Saturday, time.Sunday: &week.Sunday,
	} {
		if week.Day(day) != field || *field != (chat.Day{To: 2359}) {
			t.Errorf("%s: %+v", day, *week.Day(day))
		}
	}
}

func TestWeekTakesEveryTimeOfDayAndNoOther(t *testing.T) {
	t.Parallel()
	for n := -1; n <= 2500; n++ {
		s := chat.DefaultSettings()
		s.Preferences.Mute.Schedule.Tuesday.To = n
		valid := n >= 0 && n/100 < 24 && n%100 < 60
		if err := s.Validate(); (err == nil) != valid {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestDefaultTimezones(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{"us": "EST", "eu": "GMT", "in": "Asia/Kolkata", "": "EST", "us/eu/in": "EST"} {
		if got := chat.DefaultTimezone(region); got != want {
			t.Errorf("%q: %s", region, got)
		}
	}
}
