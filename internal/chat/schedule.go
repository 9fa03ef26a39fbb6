package chat

import "time"

// Week is a weekly schedule: when somebody wants to be notified, in the time
// of where they are (F071 to F073).
type Week struct {
	Monday    Day `json:"monday"`
	Tuesday   Day `json:"tuesday"`
	Wednesday Day `json:"wednesday"`
	Thursday  Day `json:"thursday"`
	Friday    Day `json:"friday"`
	Saturday  Day `json:"saturday"`
	Sunday    Day `json:"sunday"`
}

// Day is the window of one day. From and To are read as HHMM, 0 to 2359, both
// inclusive to the minute; a window whose From is after its To ends on the
// next day (S14).
type Day struct {
	From int  `json:"from"`
	To   int  `json:"to"`
	DND  bool `json:"dnd"` // nothing at all on this day (F072)
}

// WholeWeek is the schedule of somebody who can always be notified.
func WholeWeek() Week {
	d := Day{0, 2359, false}
	return Week{d, d, d, d, d, d, d}
}

// Day returns the window of a weekday.
func (w *Week) Day(day time.Weekday) *Day {
	return [...]*Day{&w.Sunday, &w.Monday, &w.Tuesday, &w.Wednesday, &w.Thursday, &w.Friday, &w.Saturday}[day]
}

func (w *Week) validate(path string, details map[string][]string) {
	for _, day := range []struct {
		name string
		*Day
	}{
		{"monday", &w.Monday}, {"tuesday", &w.Tuesday}, {"wednesday", &w.Wednesday}, {"thursday", &w.Thursday},
		{"friday", &w.Friday}, {"saturday", &w.Saturday}, {"sunday", &w.Sunday},
	} {
		for _, end := range []struct {
			name  string
			value int
		}{{"from", day.From}, {"to", day.To}} {
			if !isClock(end.value) {
				field := path + "." + day.name + "." + end.name
				details[field] = []string{"The " + field + " must be " + clockProblem + "."}
			}
		}
	}
}

// isClock reports whether a number can be read as HHMM.
func isClock(n int) bool { return n >= 0 && n <= 2359 && n%100 <= 59 }

const clockProblem = "a time of day between 0 and 2359, with minutes up to 59"

// DefaultTimezone is the time zone of people who have registered none (F017).
// EST is the fixed offset that it names (S15).
func DefaultTimezone(region string) string {
	switch region {
	case "eu":
		return "GMT"
	case "in":
		return "Asia/Kolkata"
	default:
		return "EST"
	}
}
