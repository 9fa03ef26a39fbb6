package history_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/engine/rule"
	"github.com/postrider/postrider/internal/outbox"
)

func TestTimeline(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	trace := &history.Trace{
		Traced: history.Traced{
			Delivery: outbox.Delivery{
				ID: "call", Lane: outbox.LaneCall, State: outbox.Sent, CreatedAt: at.Add(time.Hour), ArmedAt: at.Add(3 * time.Hour),
				SettledAt: at.Add(3*time.Hour + 2*time.Second),
			},
			AttemptLog: []outbox.Attempt{{Number: 1, At: at.Add(time.Hour)}, {Number: 2, At: at.Add(3*time.Hour + time.Second)}},
		},
		Decided: &history.Decided{OpenedAt: at, DueAt: at.Add(time.Hour), Rules: []rule.Step{{Rule: "user"}}},
		Mails: []history.Traced{{Delivery: outbox.Delivery{
			ID: "mail", Lane: outbox.LaneMail, CreatedAt: at.Add(3*time.Hour + time.Second), ArmedAt: at.Add(3*time.Hour + time.Second),
		}}},
	}
	for i := range 8 {
		trace.Messages = append(trace.Messages, history.Message{ID: fmt.Sprint(i + 1), ArrivedAt: at.Add(time.Duration(i) * time.Minute)})
	}
	var got []string
	for _, m := range trace.Timeline() {
		line := m.At.Format("15:04:05 ") + m.What
		switch {
		case m.Message != nil:
			line += " " + m.Message.ID
		case m.Attempt != nil:
			line += fmt.Sprint(" ", m.Attempt.Number)
		}
		if m.More > 0 {
			line += fmt.Sprint(" and ", m.More)
		}
		if len(m.Rules) > 0 {
			line += " by rules"
		}
		if m.Delivery != nil {
			line += " " + m.Delivery.ID
		}
		got = append(got, line)
	}
	want := strings.Split(`12:00:00 arrived 1
12:00:00 opened
12:01:00 arrived 2
12:02:00 arrived 3
12:03:00 arrived 4 and 2
12:06:00 arrived 7
12:07:00 arrived 8
13:00:00 due
13:00:00 decided by rules call
13:00:00 attempt 1 call
15:00:00 replayed call
15:00:01 attempt 2 call
15:00:01 accepted mail
15:00:02 settled call`, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
