package rule_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/rule"
)

// days closes every day but those that are set.
func days(set map[time.Weekday]chat.Day) *chat.Week {
	var week chat.Week
	for day := range time.Weekday(7) {
		window, ok := set[day]
		if !ok {
			window.DND = true
		}
		*week.Day(day) = window
	}
	return &week
}

func daily(from, to int) *chat.Week {
	d := chat.Day{From: from, To: to}
	return &chat.Week{Monday: d, Tuesday: d, Wednesday: d, Thursday: d, Friday: d, Saturday: d, Sunday: d}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func at(t testing.TB, value string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, value)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestOpen(t *testing.T) {
	t.Parallel()
	friday := days(map[time.Weekday]chat.Day{time.Friday: {From: 2200, To: 600}})
	for name, c := range map[string]struct {
		week *chat.Week
		zone string
		at   string
		want bool
	}{
		"before":                        {daily(900, 1730), "UTC", "2026-07-15T08:59:59Z", false},
		"from its first second":         {daily(900, 1730), "UTC", "2026-07-15T09:00:00Z", true},
		"to the end of its last minute": {daily(900, 1730), "UTC", "2026-07-15T17:30:59Z", true},
		"after":                         {daily(900, 1730), "UTC", "2026-07-15T17:31:00Z", false},
		"where the person is":           {daily(900, 1730), "Asia/Kolkata", "2026-07-15T03:30:00Z", true},
		"EST has no summer time":        {daily(900, 1730), "EST", "2026-07-15T14:00:00Z", true},
		"EST before":                    {daily(900, 1730), "EST", "2026-07-15T13:59:59Z", false},
		"New York has summer time":      {daily(900, 1730), "America/New_York", "2026-07-15T13:00:00Z", true},
		"one minute":                    {daily(900, 900), "UTC", "2026-07-15T09:00:59Z", true},
		"one minute, over":              {daily(900, 900), "UTC", "2026-07-15T09:01:00Z", false},
		"whole day":                     {daily(0, 2359), "UTC", "2026-07-15T23:59:59Z", true},
		"day off":                       {days(nil), "UTC", "2026-07-15T12:00:00Z", false},
		"overnight, not on the morning of its day": {friday, "UTC", "2026-07-17T05:00:00Z", false},
		"overnight, in the evening":                {friday, "UTC", "2026-07-17T22:00:00Z", true},
		"overnight, into a day off":                {friday, "UTC", "2026-07-18T06:00:59Z", true},
		"overnight, over":                          {friday, "UTC", "2026-07-18T06:01:00Z", false},
		"overnight, not on the evening after":      {friday, "UTC", "2026-07-18T22:30:00Z", false},
		"overnight from Saturday to Sunday":        {days(map[time.Weekday]chat.Day{time.Saturday: {From: 2300, To: 100}}), "UTC", "2026-07-19T00:30:00Z", true},
		// 02:00 to 02:59 comes twice in Berlin on 25 October 2026.
		"an hour that comes twice, first":  {daily(230, 240), "Europe/Berlin", "2026-10-25T00:35:00Z", true},
		"an hour that comes twice, second": {daily(230, 240), "Europe/Berlin", "2026-10-25T01:35:00Z", true},
		"between the two":                  {daily(230, 240), "Europe/Berlin", "2026-10-25T01:10:00Z", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := rule.Open(c.week, at(t, c.at), zone(t, c.zone)); got != c.want {
				t.Errorf("open: %t", got)
			}
		})
	}
}

func TestNextOpening(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		week     *chat.Week
		zone     string
		at, want string // want is empty if it never opens
	}{
		"now":                             {daily(900, 1700), "UTC", "2026-07-15T12:00:01Z", "2026-07-15T12:00:01Z"},
		"today":                           {daily(900, 1700), "UTC", "2026-07-15T08:00:01Z", "2026-07-15T09:00:00Z"},
		"tomorrow":                        {daily(900, 1700), "UTC", "2026-07-15T18:00:01Z", "2026-07-16T09:00:00Z"},
		"next week":                       {days(map[time.Weekday]chat.Day{time.Wednesday: {From: 900, To: 1700}}), "UTC", "2026-07-15T17:01:00Z", "2026-07-22T09:00:00Z"},
		"never":                           {days(nil), "UTC", "2026-07-15T12:00:00Z", ""},
		"overnight of a day off":          {days(map[time.Weekday]chat.Day{time.Friday: {From: 2200, To: 600}}), "UTC", "2026-07-18T06:01:00Z", "2026-07-24T22:00:00Z"},
		"half an hour beside":             {daily(900, 1700), "Asia/Kolkata", "2026-07-15T12:00:00Z", "2026-07-16T03:30:00Z"},
		"across the start of summer":      {daily(900, 1700), "America/New_York", "2026-03-08T00:00:00Z", "2026-03-08T13:00:00Z"},
		"across its end":                  {daily(900, 1700), "America/New_York", "2026-11-01T00:00:00Z", "2026-11-01T14:00:00Z"},
		"start in a gap":                  {daily(230, 400), "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"},
		"all of it in a gap":              {daily(210, 250), "America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T06:10:00Z"},
		"open again when time comes back": {daily(100, 130), "Europe/London", "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z"},
		// Half an hour is left out at 02:00 on 4 October 2026.
		"half an hour of summer": {daily(215, 240), "Australia/Lord_Howe", "2026-10-03T15:00:00Z", "2026-10-03T15:30:00Z"},
		// There was no 30 December 2011, a Friday, in Samoa.
		"a day that never was": {days(map[time.Weekday]chat.Day{time.Friday: {From: 900, To: 1700}}), "Pacific/Apia", "2011-12-30T05:00:00Z", "2012-01-05T19:00:00Z"},
		"the day after it":     {days(map[time.Weekday]chat.Day{time.Saturday: {From: 900, To: 1700}}), "Pacific/Apia", "2011-12-30T05:00:00Z", "2011-12-30T19:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := rule.NextOpening(c.week, at(t, c.at), zone(t, c.zone))
			if ok != (c.want != "") || ok && !got.Equal(at(t, c.want)) {
				t.Errorf("%v, %t; want %s", got, ok, c.want)
			}
		})
	}
}

func TestDayIsTheCalendarDayWhereThePersonIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zone, at string
		want     string // the day, as a date
	}{
		"UTC":                   {"UTC", "2026-07-15T23:59:59Z", "2026-07-15"},
		"already tomorrow":      {"Asia/Kolkata", "2026-07-15T18:30:00Z", "2026-07-16"},
		"still yesterday":       {"EST", "2026-07-15T04:59:59Z", "2026-07-14"},
		"before 1970":           {"UTC", "1969-12-31T23:00:00Z", "1969-12-31"},
		"on a day of 23 hours":  {"America/New_York", "2026-03-09T03:59:59Z", "2026-03-08"},
		"on a day of 25 hours":  {"America/New_York", "2026-11-02T04:59:59Z", "2026-11-01"},
		"after a day left out":  {"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"},
		"before a day left out": {"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := at(t, c.want+"T00:00:00Z").Unix() / 86_400
			if got := rule.Day(at(t, c.at), zone(t, c.zone)); got != want {
				t.Errorf("day %d, want %d", got, want)
			}
		})
	}
}

// genTime draws a time of day.
func genTime(t *rapid.T, label string) int {
	return 100*rapid.IntRange(0, 23).Draw(t, label+" hour") + rapid.SampledFrom([]int{0, 1, 15, 29, 30, 31, 45, 59}).Draw(t, label+" minute")
}

func genWeek(t *rapid.T) *chat.Week {
	var week chat.Week
	for day := range time.Weekday(7) {
		*week.Day(day) = chat.Day{
			From: genTime(t, "from"), To: genTime(t, "to"),
			DND: rapid.SampledFrom([]bool{false, true, true, true}).Draw(t, "dnd"),
		}
	}
	return &week
}

var zones = []string{
	"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "EST", "UTC",
	"America/Sao_Paulo", // its days could begin at 01:00
	"Asia/Beirut", "Africa/Casablanca", "America/St_Johns", "Asia/Kathmandu",
}

// moments lie a few days before something happens to a clock.
var moments = []string{
	"2026-03-06T00:00:00Z", "2026-03-27T00:00:00Z", "2026-04-02T00:00:00Z", "2026-10-01T00:00:00Z", "2026-10-23T00:00:00Z",
	"2026-10-30T00:00:00Z", "2011-12-28T00:00:00Z", "2018-11-02T00:00:00Z", "2018-02-16T00:00:00Z", "2026-02-13T00:00:00Z",
}

func genMoment(t *rapid.T) time.Time {
	base, err := time.Parse(time.RFC3339, rapid.SampledFrom(moments).Draw(t, "moment"))
	if err != nil {
		t.Fatal(err)
	}
	return base.Add(time.Duration(rapid.IntRange(0, 6*86_400).Draw(t, "seconds")) * time.Second)
}

func genZone(t *rapid.T) *time.Location {
	loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// openByText says the same as Open, but by comparing clocks as texts, and the
// windows of two days one after the other.
func openByText(week *chat.Week, at time.Time, loc *time.Location) bool {
	clock := at.In(loc).Format("1504")
	text := func(hhmm int) string { return time.Date(2000, 1, 1, hhmm/100, hhmm%100, 0, 0, time.UTC).Format("1504") }
	names := map[string]chat.Day{
		"Monday": week.Monday, "Tuesday": week.Tuesday, "Wednesday": week.Wednesday, "Thursday": week.Thursday,
		"Friday": week.Friday, "Saturday": week.Saturday, "Sunday": week.Sunday,
	}
	before := map[string]string{
		"Monday": "Sunday", "Tuesday": "Monday", "Wednesday": "Tuesday", "Thursday": "Wednesday",
		"Friday": "Thursday", "Saturday": "Friday", "Sunday": "Saturday",
	}
	name := at.In(loc).Format("Monday")
	today, yesterday := names[name], names[before[name]]
	overnight := func(d chat.Day) bool { return text(d.From) > text(d.To) }
	evening := !today.DND && overnight(today) && clock >= text(today.From)
	plain := !today.DND && !overnight(today) && clock >= text(today.From) && clock <= text(today.To)
	morning := !yesterday.DND && overnight(yesterday) && clock <= text(yesterday.To)
	return evening || plain || morning
}

func TestOpenComparesClocks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		week, loc, moment := genWeek(t), genZone(t), genMoment(t)
		if got, want := rule.Open(week, moment, loc), openByText(week, moment, loc); got != want {
			t.Fatalf("%s: %t, want %t", moment.In(loc), got, want)
		}
	})
}

func TestNextOpeningIsTheFirstOpenMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		week, loc, start := genWeek(t), genZone(t), genMoment(t)
		got, ok := rule.NextOpening(week, start, loc)
		// Two weeks: a window may fall into a gap, and be there a week later.
		want := start
		for !openByText(week, want, loc) {
			want = want.Truncate(time.Minute).Add(time.Minute)
			if want.Sub(start) > 15*24*time.Hour {
				if ok {
					t.Fatalf("%s is no opening", got.In(loc))
				}
				return
			}
		}
		if !ok || !got.Equal(want) {
			t.Fatalf("from %s: %s, %t, want %s", start.In(loc), got, ok, want.In(loc))
		}
	})
}
