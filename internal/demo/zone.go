package demo

import (
	"fmt"
	"time"
)

// away is a place to be while others are at home.
type away struct{ city, zone string }

// awayFrom returns the place where evening has come: where it is nearest to
// 22 o'clock, so that a working day there has been over for long, and the next
// one is far.
func awayFrom(now time.Time) (away, error) {
	places := []away{
		{"Auckland", "Pacific/Auckland"},
		{"Tokyo", "Asia/Tokyo"},
		{"Mumbai", "Asia/Kolkata"},
		{"Lisbon", "Europe/Lisbon"},
		{"Rio", "America/Sao_Paulo"},
		{"Vancouver", "America/Vancouver"},
	}
	const evening, day = 22 * time.Hour, 24 * time.Hour
	var found away
	best := day
	for _, place := range places {
		location, err := time.LoadLocation(place.zone)
		if err != nil {
			return found, fmt.Errorf("time zone of %s: %w", place.city, err)
		}
		there := now.In(location)
		distance := (time.Duration(there.Hour())*time.Hour + time.Duration(there.Minute())*time.Minute - evening).Abs()
		if distance = min(distance, day-distance); distance < best {
			found, best = place, distance
		}
	}
	return found, nil
}
