package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/notification"
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

// A payload of very long messages has as many of the newest as endpoints take.
func TestLongMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &player{world: newWorld(t, options{}), begin: time.Now(), where: make(map[string]chat.MessageSent)}
		p.customize(func(c *webhook.Config) { c.IsEnabled = true })
		p.settings(`{"templates":{"textMessageTemplateDefault":{"body":"{{message.data.text}}"}}}`)
		long := strings.Repeat("ü", 60_000)
		for n := range engine.ShownMessages {
			p.record(chat.Event{Change: p.message("otto", "mira", fmt.Sprintf("%03d %s", n, long))})
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.settled) != 1 {
			t.Fatalf("%d calls were made, want one", len(p.settled))
		}
		payload := p.settled[0].delivery.Payload
		var n notification.Notification
		if err := json.Unmarshal(payload, &n); err != nil {
			t.Fatal(err)
		}
		got := n.Data.Messages
		if len(payload) > 4<<20 || len(got) != engine.ShownMessages/4 || !strings.HasPrefix(got[0].Text, "075 ") || !strings.HasPrefix(got[len(got)-1].Text, "099 ") {
			t.Errorf("a payload of %d bytes has %d messages, from %.4s to %.4s", len(payload), len(got), got[0].Text, got[len(got)-1].Text)
		}
	})
}
