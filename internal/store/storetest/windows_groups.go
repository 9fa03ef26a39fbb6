package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

func windowGroup(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", "ann", "bob", "cid", "dan", "eve")
	s.record(t,
		chat.MembersChanged{GUID: "g", Members: []chat.Member{{UID: "dan", State: chat.MemberOut}, {UID: "eve", State: chat.MemberBanned}}},
		s.message("ann", g))
	if n := s.windows(t); n != 2 {
		t.Errorf("%d windows, want those of bob and cid", n)
	}
	s.record(t, s.message("bob", g))
	// Somebody whose membership nobody told us writes: they are in it.
	s.record(t, s.message("fay", g))
	// A message from before somebody left, which comes late, brings nobody back.
	s.record(t, s.message("dan", g, func(m *chat.Message) { m.SentAt = m.SentAt.Add(-time.Hour) }))
	s.record(t, s.message("eve", g))
	s.record(t, chat.MembersChanged{GUID: "g", Members: []chat.Member{{UID: "cid", State: chat.MemberOut}}})
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "ann 2,3,4,5", "bob 1,3,4,5", "fay 4,5")
}

func windowSince(t *testing.T, f *fixture) {
	s := newScene(f)
	g := s.group(t, "g", "ann", "bob")
	s.record(t, s.message("ann", g))
	in := func(state chat.Membership) chat.MembersChanged {
		return chat.MembersChanged{GUID: "g", Members: []chat.Member{{UID: "bob", State: state}}}
	}
	s.record(t, in(chat.MemberOut))
	s.record(t, in(chat.MemberIn))
	s.record(t, s.message("ann", g))
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "bob 2")
}

func windowLate(t *testing.T, f *fixture) {
	s := newScene(f)
	g := chat.InGroup("g")
	created := s.clock.Now().Truncate(time.Second)
	s.clock.Advance(time.Minute)
	s.record(t, s.message("ann", g))
	s.clock.Advance(time.Minute)
	joined := s.clock.Now().Truncate(time.Second)
	s.clock.Advance(time.Minute)
	s.record(t, s.message("ann", g))
	s.clock.Advance(time.Minute)
	member := func(uid string, at time.Time) chat.Member {
		return chat.Member{UID: uid, State: chat.MemberIn, JoinedAt: at}
	}
	late := chat.GroupChanged{
		Group:   chat.Group{GUID: "g", CreatedAt: created},
		Members: []chat.Member{member("ann", time.Time{}), member("bob", time.Time{}), member("cid", joined), member("dan", s.clock.Now())},
	}
	s.record(t, late)
	s.record(t, late)
	// Of whom nothing is known but that they came, they came now.
	s.record(t, chat.MembersChanged{GUID: "g", Members: []chat.Member{member("eve", time.Time{})}})
	s.due()
	s.decide(t, &told{})
	s.wantCalls(t, "bob 1,2", "cid 2")
}

// crowdOf returns n user ids in their order.
func crowdOf(n int) []string {
	uids := make([]string, n)
	for i := range uids {
		uids[i] = fmt.Sprintf("u%05d", i)
	}
	return uids
}

func windowFanOut(t *testing.T, f *fixture) {
	s := newScene(f)
	uids := crowdOf(2500)
	g := s.group(t, "g", uids...)
	s.record(t, s.message(uids[0], g))
	if n := s.windows(t); n >= 2499 || n < 900 {
		t.Errorf("%d windows were opened at one time, want about 1,000", n)
	}
	s.record(t, s.message(uids[2400], g))
	s.fanOut(t)
	if n := s.windows(t); n != 2500 {
		t.Errorf("%d windows, want everybody's", n)
	}
	s.due()
	j := &told{}
	s.decide(t, j)
	got := make(map[string]int)
	for _, call := range s.calls(t) {
		_, ids, _ := strings.Cut(call, " ")
		got[ids]++
	}
	if diff := gocmp.Diff(map[string]int{"1,2": 2498, "1": 1, "2": 1}, got); diff != "" {
		t.Errorf("people by what they were told (-want +got):\n%s", diff)
	}
	if n := s.count(t, "fanouts"); n != 0 {
		t.Errorf("%d fan-outs are left", n)
	}
}

// windowMoves is about a window that is decided while a message that is told already
// has not come to it: once, or several times.
func windowMoves(t *testing.T, f *fixture) { moves(t, f, 1) }

func windowMovesAgain(t *testing.T, f *fixture) { moves(t, f, 3) }

func moves(t *testing.T, f *fixture, decisions int) {
	s := newScene(f)
	uids := crowdOf(1500)
	g := s.group(t, "g", uids...)
	s.record(t, s.message(uids[0], g))
	s.record(t, s.message(uids[0], g))
	// The first thousand are told of both, before either has come to all.
	for range decisions {
		s.due()
		s.decide(t, &told{})
	}
	s.fanOut(t)
	s.due()
	s.decide(t, &told{})
	got := make(map[string]int)
	for _, call := range s.calls(t) {
		_, ids, _ := strings.Cut(call, " ")
		got[ids]++
	}
	if diff := gocmp.Diff(map[string]int{"1,2": 1499}, got); diff != "" {
		t.Errorf("people by what they were told (-want +got):\n%s", diff)
	}
	if n := s.windows(t); n != 0 {
		t.Errorf("%d windows are left open", n)
	}
}
