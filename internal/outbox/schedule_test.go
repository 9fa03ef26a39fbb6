package outbox_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/outbox"
)

func TestScheduleSpreadsPausesByAFifth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pauses := rapid.SliceOf(rapid.Int64Range(0, int64(48*time.Hour))).Draw(t, "pauses")
		s := make(outbox.Schedule, len(pauses))
		for i, p := range pauses {
			s[i] = time.Duration(p)
		}
		tries := rapid.IntRange(-1, len(s)+2).Draw(t, "tries")
		random := rapid.Float64Range(0, 0.999999).Draw(t, "random")
		pause, more := s.Next(tries, random)
		if want := tries >= 1 && tries <= len(s); more != want {
			t.Fatalf("after %d tries of %d: more is %t", tries, len(s), more)
		}
		if !more {
			return
		}
		planned := float64(s[tries-1])
		if got := float64(pause); got < planned*0.8-1 || got > planned*1.2+1 {
			t.Fatalf("%v became %v", s[tries-1], pause)
		}
	})
}

func TestScheduleUsesItsWholeSpread(t *testing.T) {
	t.Parallel()
	s := outbox.Schedule{time.Minute}
	for random, want := range map[float64]time.Duration{0: 48 * time.Second, 0.5: time.Minute, 0.75: 66 * time.Second} {
		if got, _ := s.Next(1, random); got.Round(time.Millisecond) != want {
			t.Errorf("at %v: %v, want %v", random, got, want)
		}
	}
}
