package storetest

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
)

var windowTests = []test{
	{"opens for the one who did not write", windowOneOnOne},
	{"opens once, however often a message comes", windowTwice},
	{"is about all that came since it opened", windowDigest},
	{"opens for members, not for the sender, nor for who left", windowGroup},
	{"stays away from what was before somebody came", windowSince},
	{"opens for members who are known only after the message", windowLate},
	{"goes by when people came and left, in whatever order that is told", windowUnordered},
	{"of a large group opens in the order of messages", windowFanOut},
	{"of a large group moves while messages are on their way", windowMoves},
	{"of a large group moves as often as it is decided meanwhile", windowMovesAgain},
	{"knows what came before its message", windowEarly},
	{"waits for moderation", windowModeration},
	{"knows what was read, in whatever order receipts come", windowMarks},
	{"knows what is known of its person", windowFacts},
	{"knows how large a group is of which few are known", windowSize},
	{"knows who was made by the API", windowMade},
	{"has the message objects that are shown", windowShown},
	{"is put off, and is due again", windowPutOff},
	{"is not used up by a digest that cannot be made", windowProblem},
	{"waits for an earlier call", windowBusy},
	{"is decided once by several processes", windowProcesses},
	{"loses no message that arrives while it is decided", windowRace},
}

func scanCalls(t testing.TB, rows *sql.Rows) []string {
	t.Helper()
	defer rows.Close()
	var calls []string
	for rows.Next() {
		var uid string
		var encoded []byte
		if err := rows.Scan(&uid, &encoded); err != nil {
			t.Fatal(err)
		}
		var refs struct{ IDs []string }
		if err := json.Unmarshal(encoded, &refs); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, uid+" "+strings.Join(refs.IDs, ","))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return calls
}

// wantCalls compares what was called about, by person and message ids.
func (s *scene) wantCalls(t testing.TB, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(want, s.calls(t)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func windowOneOnOne(t *testing.T, f *fixture) {
	s := newScene(f)
	s.record(t, s.message("ann", chat.OneOnOne("ann", "bob")), s.message("ann", chat.OneOnOne("ann", "ann")))
	if n := s.windows(t); n != 1 {
		t.Fatalf("%d windows, want one", n)
	}
	j := &told{}
	if d := s.decide(t, j); d.Windows != 0 {
		t.Errorf("%d windows were decided before they were due", d.Windows)
	}
	next, err := s.NextWindow(t.Context(), app)
	if err != nil || !next.Equal(s.clock.Now().Add(wait)) {
		t.Errorf("the next window is due at %v, %v; want an hour from now", next, err)
	}
	s.due()
	s.decide(t, j)
	s.wantCalls(t, "bob 1")
	if n := s.windows(t); n != 0 {
		t.Errorf("%d windows are left open", n)
	}
}

func windowTwice(t *testing.T, f *fixture) {
	s := newScene(f)
	m := s.message("ann", chat.OneOnOne("ann", "bob"))
	s.record(t, m, m)
	s.record(t, m)
	s.due()
	s.decide(t, &told{})
	s.record(t, m)
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "bob 1")
}

func windowDigest(t *testing.T, f *fixture) {
	s := newScene(f)
	c := chat.OneOnOne("ann", "bob")
	s.record(t, s.message("ann", c), s.message("bob", c))
	s.clock.Advance(wait / 2)
	s.record(t, s.message("ann", c))
	s.clock.Advance(wait / 2)
	s.decide(t, &told{})
	s.wantCalls(t, "ann 2", "bob 1,3")
	s.record(t, s.message("ann", c))
	s.due()
	s.decide(t, &told{verdict: func(c *engine.Case, _ *engine.Verdict) { c.BusyUntil = time.Time{} }})
	s.wantCalls(t, "ann 2", "bob 1,3", "bob 4")
}
