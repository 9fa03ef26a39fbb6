package engine_test

import "testing"

func TestWaiting(t *testing.T) {
	t.Parallel()
	play(t, []scenario{
		{"the first mail waits for the whole window, which a new message does not begin again", `
			0m   otto to mira: one
			1h   otto to mira: two
			2h   | custom 1 mira: one | two
		`, options{}},
	})
}
