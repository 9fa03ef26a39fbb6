package lookup

import (
	"strconv"
	"testing"
	"time"
)

// A full cache forgets who was not asked for the longest.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	c := newCache(3)
	for i := range 3 {
		c.put(strconv.Itoa(i), answer{email: "x"}, now.Add(time.Hour))
	}
	if _, ok := c.get("0", now); !ok {
		t.Fatal("0 is forgotten")
	}
	c.put("3", answer{}, now.Add(time.Hour))
	c.put("3", answer{}, now.Add(time.Hour))
	for uid, want := range map[string]bool{"0": true, "1": false, "2": true, "3": true} {
		if _, ok := c.get(uid, now); ok != want {
			t.Errorf("%s is kept: %v", uid, ok)
		}
	}
	if len(c.entries) != 3 || c.recent.Len() != 3 {
		t.Errorf("%d entries in a list of %d", len(c.entries), c.recent.Len())
	}
	if _, ok := c.get("0", now.Add(time.Hour)); ok || len(c.entries) != 2 {
		t.Error("what is over is kept")
	}
}
