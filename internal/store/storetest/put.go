package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/outbox"
)

var putTests = []test{
	{"keeps what it was given", putKeeps},
	{"keeps any payload", putAnyPayload},
	{"recognises a duplicate", putDuplicate},
	{"recognises duplicates put at one time", putDuplicatesTogether},
	{"forgets an expired key", putExpiredKey},
	{"takes over an expired key only once", putExpiredKeyTogether},
	{"takes the same id again for the same delivery", putSameID},
	{"lets no poisoned entry harm another", putPoisoned},
	{"refuses after the end", putEnded},
}

func putKeeps(t *testing.T, f *fixture) {
	e := f.put(t, func(e *outbox.Entry) { e.NextAt = e.CreatedAt.Add(time.Hour) })
	got, payload, err := f.Get(t.Context(), e.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := outbox.Delivery{
		ID: e.ID, App: e.App, Lane: e.Lane, Recipient: e.Recipient, Conversation: e.Conversation, Origin: e.Origin,
		State: outbox.Pending, CreatedAt: e.CreatedAt, ArmedAt: e.CreatedAt, NextAt: e.NextAt,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(payload, e.Payload) {
		t.Errorf("payload %q, want %q", payload, e.Payload)
	}
}

func putAnyPayload(t *testing.T, f *fixture) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, payload := range map[string][]byte{
		"none":       nil,
		"empty":      {},
		"every byte": every,
		"poison":     []byte(poison),
		"large":      bytes.Repeat(every, 16<<10), // 4 MiB
	} {
		e := f.put(t, func(e *outbox.Entry) { e.Payload = payload })
		_, got, err := f.Get(t.Context(), e.ID)
		if err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%s: got %d bytes, %v; want the %d put", name, len(got), err, len(payload))
		}
		claimed := f.claim(t, 1, time.Hour)
		if !bytes.Equal(claimed[0].Payload, payload) {
			t.Errorf("%s: claimed with %d bytes, want the %d put", name, len(claimed[0].Payload), len(payload))
		}
	}
}

func withKey(key string, remember time.Duration) func(*outbox.Entry) {
	return func(e *outbox.Entry) {
		e.DedupeKey = []byte(key)
		e.DedupeUntil = e.CreatedAt.Add(remember)
	}
}

func putDuplicate(t *testing.T, f *fixture) {
	first := f.put(t, withKey("key", time.Hour))
	f.put(t, withKey("other key", time.Hour))
	f.put(t) // without a key nothing is a duplicate
	f.put(t)
	again := f.entry(withKey("key", time.Hour))
	want := outbox.PutResult{ID: first.ID, Duplicate: true}
	for _, state := range []outbox.State{outbox.Pending, outbox.InHand, outbox.Sent} {
		switch state {
		case outbox.InHand:
			f.claim(t, 1, time.Hour)
		case outbox.Sent:
			f.settle(t, outbox.Settlement{Ref: outbox.Ref{ID: first.ID, Claim: 1}, State: outbox.Sent, At: f.clock.Now()})
		}
		if got, err := f.Put(t.Context(), again); err != nil || got != want {
			t.Errorf("while the first is %s: Put = %+v, %v; want %+v", state, got, err, want)
		}
	}
	if n := len(f.list(t, outbox.Filter{})); n != 4 {
		t.Errorf("%d deliveries are stored, want 4", n)
	}
}

func putDuplicatesTogether(t *testing.T, f *fixture) {
	const calls, keys = 160, 5
	other := f.open(t)
	results := make([]outbox.PutResult, calls)
	entries := make([]outbox.Entry, calls)
	for i := range entries {
		entries[i] = f.entry(withKey(fmt.Sprint("key ", i%keys), time.Hour))
	}
	together(calls, func(i int) {
		s := f.Store
		if i%3 == 0 {
			s = other
		}
		var err error
		if results[i], err = s.Put(t.Context(), entries[i]); err != nil {
			t.Errorf("put: %v", err)
		}
	})
	owners := make(map[int]string)
	for i, r := range results {
		if !r.Duplicate {
			if owners[i%keys] != "" {
				t.Errorf("key %d was new twice", i%keys)
			}
			owners[i%keys] = r.ID
		}
	}
	for i, r := range results {
		if r.ID != owners[i%keys] {
			t.Errorf("call %d was told %s, the key's delivery is %s", i, r.ID, owners[i%keys])
		}
	}
	if n := len(f.list(t, outbox.Filter{})); n != keys {
		t.Errorf("%d deliveries are stored, want %d", n, keys)
	}
}

func putExpiredKey(t *testing.T, f *fixture) {
	first := f.put(t, withKey("key", time.Minute))
	f.clock.Advance(time.Minute - time.Millisecond)
	if got, err := f.Put(t.Context(), f.entry(withKey("key", time.Minute))); err != nil || !got.Duplicate || got.ID != first.ID {
		t.Errorf("a moment before its time is over: %+v, %v; want a duplicate", got, err)
	}
	f.clock.Advance(time.Millisecond)
	second := f.put(t, withKey("key", time.Minute))
	// It counts from the second now.
	f.clock.Advance(time.Minute - time.Millisecond)
	if got, err := f.Put(t.Context(), f.entry(withKey("key", time.Minute))); err != nil || !got.Duplicate || got.ID != second.ID {
		t.Errorf("after a renewal: %+v, %v; want a duplicate of the second", got, err)
	}
}

func putExpiredKeyTogether(t *testing.T, f *fixture) {
	const calls = 40
	f.put(t, withKey("key", time.Minute))
	f.clock.Advance(time.Hour)
	other := f.open(t)
	fresh := make([]bool, calls)
	entries := make([]outbox.Entry, calls)
	for i := range entries {
		entries[i] = f.entry(withKey("key", time.Minute))
	}
	together(calls, func(i int) {
		s := f.Store
		if i%2 == 0 {
			s = other
		}
		r, err := s.Put(t.Context(), entries[i])
		if err != nil {
			t.Errorf("put: %v", err)
		}
		fresh[i] = !r.Duplicate
	})
	n := 0
	for _, f := range fresh {
		if f {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of the calls were new, want 1", n)
	}
}

func putSameID(t *testing.T, f *fixture) {
	for name, change := range map[string]func(*outbox.Entry){
		"without a key": func(*outbox.Entry) {},
		"with a key":    withKey("key", time.Hour),
	} {
		e := f.put(t, change)
		again := e
		again.Payload = []byte("something else")
		want := outbox.PutResult{ID: e.ID}
		together(20, func(int) {
			if got, err := f.Put(t.Context(), again); err != nil || got != want {
				t.Errorf("%s: Put = %+v, %v; want %+v", name, got, err, want)
			}
		})
		if _, payload, err := f.Get(t.Context(), e.ID); err != nil || !bytes.Equal(payload, e.Payload) {
			t.Errorf("%s: payload %q, %v; want the first one's", name, payload, err)
		}
	}
	if n := len(f.list(t, outbox.Filter{})); n != 2 {
		t.Errorf("%d deliveries are stored, want 2", n)
	}
}

func putPoisoned(t *testing.T, f *fixture) {
	poisons := []func(*outbox.Entry){
		func(e *outbox.Entry) { e.App = poison },
		func(e *outbox.Entry) { e.Recipient = poison },
		func(e *outbox.Entry) { e.Conversation = poison },
		func(e *outbox.Entry) { e.Origin = poison },
		func(e *outbox.Entry) { e.Payload = []byte(poison) },
		func(e *outbox.Entry) { e.DedupeKey, e.DedupeUntil = []byte(poison), e.CreatedAt.Add(time.Hour) },
		// These two are ours, never a caller's: they may be refused.
		func(e *outbox.Entry) { e.ID = poison },
		func(e *outbox.Entry) { e.Lane = poison },
	}
	const calls = 200
	entries := make([]outbox.Entry, calls)
	for i := range entries {
		entries[i] = f.entry()
		if i < len(poisons) {
			poisons[i](&entries[i])
		}
	}
	together(calls, func(i int) {
		_, err := f.Put(t.Context(), entries[i])
		if mayFail := i == 6 || i == 7; err != nil && !mayFail {
			t.Errorf("put entry %d: %v", i, err)
		}
	})
	for i, e := range entries {
		if i == 6 || i == 7 {
			continue
		}
		if _, payload, err := f.Get(t.Context(), e.ID); err != nil || !bytes.Equal(payload, e.Payload) {
			t.Errorf("entry %d: payload %q, %v; want %q", i, payload, err, e.Payload)
		}
	}
	if got := f.get(t, entries[1].ID).Recipient; got != repaired {
		t.Errorf("poison is stored as %q, want %q", got, repaired)
	}
	// Whoever looks for what was sent finds it.
	if diff := cmp.Diff([]string{entries[1].ID}, f.list(t, outbox.Filter{Recipient: poison})); diff != "" {
		t.Error(diff)
	}
}

func putEnded(t *testing.T, f *fixture) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Put(ended, f.entry()); !errors.Is(err, context.Canceled) {
		t.Errorf("Put with an ended context: %v, want context.Canceled", err)
	}
	s := f.open(t)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(t.Context(), f.entry()); err == nil {
		t.Error("Put on a closed store succeeded")
	}
}
