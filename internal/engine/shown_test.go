package engine_test

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/engine"
)

// What is shown goes by when it was sent, in whatever order it came.
func TestShown(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	var c engine.Case
	add := func(sent int) {
		n := int64(len(c.Messages) + 1)
		c.Messages = append(c.Messages, engine.Missed{Number: n, ID: fmt.Sprint(n), SentAt: at.Add(time.Duration(sent) * time.Second)})
	}
	for _, sent := range []int{30, 10, 20, 20, 40} {
		add(sent)
	}
	ids := func(numbers ...int64) (all []string) {
		for _, m := range c.Shown(numbers) {
			all = append(all, m.ID)
		}
		return all
	}
	if diff := gocmp.Diff([]string{"2", "3", "4", "1"}, ids(1, 2, 3, 4)); diff != "" {
		t.Errorf("of four (-want +got):\n%s", diff)
	}
	// The oldest one comes last, and is the one that has no room.
	c.Messages = nil
	var numbers []int64
	for n := range engine.ShownMessages {
		add(n + 1)
		numbers = append(numbers, int64(n+1))
	}
	add(0)
	shown := ids(append(numbers, engine.ShownMessages+1)...)
	if len(shown) != engine.ShownMessages || shown[0] != "1" || shown[len(shown)-1] != "100" {
		t.Errorf("%d are shown, from %s to %s", len(shown), shown[0], shown[len(shown)-1])
	}
}
