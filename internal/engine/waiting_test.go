package engine_test

import (
	"testing"
	"time"
)

// How long somebody has to read something in the chat, and what is left to be
// told then.
func TestWaiting(t *testing.T) {
	t.Parallel()
	play(t, []scenario{
		{"the first mail waits for the whole window, which a new message does not begin again", `
			0m   otto to mira: one
			1h   otto to mira: two
			2h   | custom 1 mira: one | two
		`, options{}},
		{"what was read in time is not told", `
			0m   otto to mira: one
			10m  mira reads one
			2h   | no mail mira: one READ
		`, options{}},
		{"what came after what was read gets a whole wait", `
			0m    otto to mira: one
			10m   mira reads one
			30m   otto to mira: two
			2h    | wait WAITING_FOR_INTERVAL
			2h30m | custom 1 mira: two
		`, options{}},
		{"what is taken for unread again is told", `
			0m   otto to mira: one
			1m   otto to mira: two
			10m  mira reads two
			20m  mira unreads one
			2h   | wait WAITING_FOR_INTERVAL
			2h1m | custom 1 mira: two
		`, options{}},
		{"the latest words count", `
			0m   otto to mira: one
			1h   otto edits one: won
			2h   | custom 1 mira: won
			3h   otto edits one: late
		`, options{}},
		{"what was deleted is not told", `
			0m   otto to mira: one
			1m   otto to mira: two
			1h   otto deletes one
			2h   | wait WAITING_FOR_INTERVAL
			2h1m | custom 1 mira: two
		`, options{}},
		{"nothing is left when all was deleted", `
			0m   otto to mira: one
			1h   otto deletes one
			2h   | no mail mira: one DELETED
		`, options{}},
		{"only what came since the last mail is told, a whole window later", `
			0m   otto to mira: one
			2h   | custom 1 mira: one
			3h   otto to mira: two
			4h   otto to mira: three
			5h   | custom 2 mira: two | three
		`, options{}},
		{"each conversation has a window of its own", `
			0m    otto to mira: one
			30m   lena to mira: two
			40m   mira to otto: three
			2h    | custom 1 mira: one
			2h30m | custom 2 mira: two
			2h40m | custom 3 otto: three
		`, options{}},
		{"people wait for as long as they like", `
			0m   mira sets email.intervalInSeconds=600
			0m   otto to mira: one
			0m   otto to lena: two
			10m  | custom 1 mira: one
			2h   | custom 2 lena: two
		`, options{}},
		{"or as the app likes, where it allows them nothing", `
			0m   mira sets email.intervalInSeconds=36000
			0m   lena sets email.intervalInSeconds=60
			0m   app email.override=false
			1m   otto to mira: one
			1m   otto to lena: two
			2h1m | custom 1 lena: two
			2h1m | custom 2 mira: one
		`, options{}},
		{"those who want to be told of everything are told of what they have read, once", `
			0m   app email.notifyForUnreadOnly=false
			0m   otto to mira: one
			10m  mira reads one
			20m  otto to mira: two
			2h   | custom 1 mira: one | two
			3h   otto to mira: three
			4h   mira reads three
			5h   | custom 2 mira: three
		`, options{}},
		{"a restart loses no window, whatever it waits for", `
			0m   otto to mira: one
			1h   restart
			2h   | custom 1 mira: one
			3h   otto to mira: two
			4h   stop
			6h   start
			6h   | custom 2 mira: two
		`, options{exclusive: true}},
		{"after a long stop what is too old is not told any more", `
			0m   otto to mira: one
			0m   lena to mira: two
			1h   stop
			95h  lena to mira: three
			96h  start
			96h  | custom 1 mira: two | three
			96h  | no mail mira: one EXPIRED
		`, options{}},
		{"waits are divided by the speed, and nothing else is", `
			0m    otto to mira: one
			2m    | custom 1 mira: one
			3m    lena mutes otto until 10m
			5m    otto to lena: two
			7m    | no mail lena: two MUTE_PREFERENCE
			9m    otto to lena: three
			11m   | custom 2 lena: three
			12m   mira sets email.intervalInSeconds=60
			12m   otto to mira: four
			12m1s | custom 3 mira: four
		`, options{speed: 60, poll: time.Second}},
	})
}
