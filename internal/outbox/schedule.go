package outbox

import "time"

// Schedule lists the pauses between attempts. After the last there is no
// further attempt.
type Schedule []time.Duration

const jitterShare = 0.2

// Next returns the pause after the given number of tries (from 1), spread by
// up to 20 % either way so that what failed together does not come back
// together. random is in [0, 1). It is false when the schedule is at its end.
func (s Schedule) Next(tries int, random float64) (time.Duration, bool) {
	if tries < 1 || tries > len(s) {
		return 0, false
	}
	factor := 1 + jitterShare*(2*random-1)
	return time.Duration(float64(s[tries-1]) * factor), true
}
