package e2e_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

// Who the chatter is between.
const (
	inOneChat   = 3  // messages that follow each other in a conversation
	everyGroup  = 10 // of them one is in a group
	groupOthers = 4  // members of a group beside who writes
)

// newChatter starts callers of /events, who tell of messages: in one-on-one
// conversations, three in each, told at one time, and in groups.
func newChatter(t *testing.T, callers int) *crowd {
	t.Helper()
	return startCrowd(t, callers, &crowd{path: "/events", sign: signedIn(chatUser, chatPassword), body: func(n int, subject string) []byte { return batch(chatterEvents(n, subject)...) }})
}

// chatterEvents tell of the message of a number.
func chatterEvents(n int, subject string) []event {
	id := strconv.Itoa(n)
	if n%everyGroup != 0 {
		pair := strconv.Itoa(n / inOneChat)
		return []event{said("from-"+pair, "to-"+pair, id, " "+subject)}
	}
	members := append([]string{"from-" + id}, groupMembers(n)...)
	return []event{founded("group-"+id, members...), said(members[0], "group:group-"+id, id, " "+subject)}
}

func groupMembers(n int) []string {
	members := make([]string, groupOthers)
	for i := range members {
		members[i] = fmt.Sprintf("member-%d-%d", n, i)
	}
	return members
}

// chatteredTo lists who is to be told of a message, by what they are told.
func chatteredTo(subject string) []string {
	n, err := strconv.Atoi(strings.TrimPrefix(subject, "crowd-"))
	if err != nil {
		panic(err) // of the test's own making
	}
	if n%everyGroup != 0 {
		return []string{toldTo("to-"+strconv.Itoa(n/inOneChat), " "+subject)}
	}
	var all []string
	for _, uid := range groupMembers(n) {
		all = append(all, toldTo(uid, " "+subject))
	}
	return all
}

// wantAllTold waits until a provider was told of every message that was
// accepted and all is settled as sent, and complains about what it was told too
// often: every message in one digest, and every digest once, or as often more
// as it is pardoned or was tried again for the provider's sake, under one id.
func wantAllTold(t *testing.T, s *site, sink *webhooksink.Sink, accepted []string, pardoned pardons) (repeated int) {
	t.Helper()
	var want []string
	for _, subject := range accepted {
		want = append(want, chatteredTo(subject)...)
	}
	all := readCalls(t, sink)
	deadline := time.Now().Add(2 * patience)
	eventuallyUntil(t, deadline, func() error {
		all.read(t, sink)
		missing, first := 0, ""
		for _, key := range want {
			if len(all.told[key]) == 0 {
				missing, first = missing+1, key
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d were not told, as %q", missing, len(want), first)
		}
		return nil
	})
	eventuallyUntil(t, deadline, func() error {
		if open := s.deliveries("--state", "pending,in_hand"); len(open) > 0 {
			return fmt.Errorf("%d calls are open", len(open))
		}
		return nil
	})
	all.read(t, sink)
	if len(all.told) != len(want) {
		t.Errorf("%d different things were told, %d were said", len(all.told), len(want))
	}
	for _, key := range want {
		if ids := all.told[key]; len(ids) != 1 {
			t.Errorf("%q was told in the digests %v", key, ids)
		}
	}
	deliveries := s.deliveries()
	if len(deliveries) != len(all.byID) {
		t.Errorf("%d deliveries, %d different calls", len(deliveries), len(all.byID))
	}
	for _, d := range deliveries {
		if d.State != outbox.Sent {
			t.Errorf("the call %s to %s is %s %s", d.ID, d.Recipient, d.State, d.Reason)
			continue
		}
		came := all.byID[d.ID]
		extra := came - 1
		switch allowed := pardoned[d.ID] + d.Attempts - 1; {
		case came == 0:
			t.Errorf("%s is marked as sent, and was not called", d.ID)
		case extra > allowed:
			t.Errorf("%s was called %d times, was in hand %d times when a process died, and has %d attempts", d.ID, came, pardoned[d.ID], d.Attempts)
		default:
			repeated += extra
		}
	}
	return repeated
}
