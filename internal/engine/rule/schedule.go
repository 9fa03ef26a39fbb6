package rule

import (
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// Open reports whether a schedule lets notifications through at a moment. The
// clock on the wall at loc decides alone: an hour that a change of the clocks
// leaves out is never open, one that comes twice is open twice (S16). From and
// To belong to a window to the end of their minute; a window whose From is
// after its To belongs to the day on which it starts, and runs into the next
// one even if that is a day off (S14, F072).
func Open(week *chat.Week, at time.Time, loc *time.Location) bool {
	local := at.In(loc)
	clock := 100*local.Hour() + local.Minute()
	today, before := week.Day(local.Weekday()), week.Day((local.Weekday()+6)%7)
	if !before.DND && before.From > before.To && clock <= before.To {
		return true
	}
	switch {
	case today.DND:
		return false
	case today.From > today.To:
		return clock >= today.From
	default:
		return clock >= today.From && clock <= today.To
	}
}

// NextOpening returns the first moment, from at on, at which a schedule is
// open: at itself if it is open then. It is false for a schedule that never
// opens.
//
// While the offset from UTC stays the same, a schedule opens only where a
// window starts. So it looks there, and at every change of the offset, which
// can end within a window or leave out its start.
func NextOpening(week *chat.Week, at time.Time, loc *time.Location) (time.Time, bool) {
	for {
		if Open(week, at, loc) {
			return at, true
		}
		start, ok := nextStart(week, at.In(loc))
		if !ok {
			return time.Time{}, false
		}
		_, change := at.In(loc).ZoneBounds()
		if change.IsZero() || start.Before(change) {
			return start, true
		}
		at = change
	}
}

// nextStart returns the first start of a window after a local time, as if the
// offset from UTC never changed.
func nextStart(week *chat.Week, local time.Time) (time.Time, bool) {
	_, seconds := local.Zone()
	offset := time.Duration(seconds) * time.Second
	// The wall clock, in a zone without changes.
	wall := local.UTC().Add(offset)
	year, month, day := wall.Date()
	// Today's window may have begun already: then it is next week's turn.
	for days := range 8 {
		window := week.Day((wall.Weekday() + time.Weekday(days)) % 7)
		start := time.Date(year, month, day+days, window.From/100, window.From%100, 0, 0, time.UTC)
		if !window.DND && start.After(wall) {
			return start.Add(-offset).In(local.Location()), true
		}
	}
	return time.Time{}, false
}

// Day returns the calendar day at loc as a number that grows by one from day to
// day. Quotas are counted by it (S10).
func Day(at time.Time, loc *time.Location) int64 {
	year, month, day := at.In(loc).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / int64((24 * time.Hour).Seconds())
}
