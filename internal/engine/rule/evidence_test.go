package rule_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/engine/rule"
)

// What any decision rests on is read back as it was.
func TestEvidenceIsKept(t *testing.T) {
	t.Parallel()
	clerk := rule.NewClerk()
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		decision := rule.Decide(f)
		e := rule.Evidence{OpenedAt: f.Now.Add(-time.Hour).UTC().Truncate(time.Millisecond), Steps: decision.Trace}
		e.DueAt = e.OpenedAt.Add(time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "waits"))).Truncate(time.Millisecond)
		got, err := rule.DecodeEvidence(clerk.Encode(&e))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// It is written beside every decision: what goes out must not need much.
func TestEvidenceIsSmall(t *testing.T) {
	t.Parallel()
	f := facts(func(f *rule.Facts) { f.Messages = f.Messages[:1] })
	decision := rule.Decide(f)
	if len(decision.Send) == 0 {
		t.Fatalf("nothing is sent: %v", decision.Trace)
	}
	e := rule.Evidence{OpenedAt: f.Now, DueAt: f.Now, Steps: decision.Trace}
	const most = 300
	if got := len(rule.NewClerk().Encode(&e)); got > most {
		t.Errorf("%d bytes for %d steps, want at most %d: %v", got, len(decision.Trace), most, decision.Trace)
	}
}

// Every rule can be written down.
func TestEvidenceKnowsEveryRule(t *testing.T) {
	t.Parallel()
	var steps []rule.Step
	for _, one := range rule.List() {
		for _, verdict := range []string{rule.VerdictPass, rule.VerdictSkip, rule.VerdictWait, rule.VerdictLifted, rule.VerdictDone} {
			steps = append(steps, rule.Step{Rule: one.Name, Verdict: verdict, Detail: "said in words of its own"})
		}
	}
	got, err := rule.DecodeEvidence(rule.NewClerk().Encode(&rule.Evidence{Steps: steps}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(steps, got.Steps); diff != "" {
		t.Error(diff)
	}
}

// What an earlier release wrote is read as it was meant.
func TestEvidenceOfEarlierReleases(t *testing.T) {
	t.Parallel()
	b, err := hex.DecodeString("01" + "80f8b784c168" + "80d98004" + "0011" + "0801" + "1000" + "04" + hex.EncodeToString([]byte("team")) + "6b14" + "8901" + "18")
	if err != nil {
		t.Fatal(err)
	}
	got, err := rule.DecodeEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	want := rule.Evidence{OpenedAt: at, DueAt: at.Add(70 * time.Minute), Steps: []rule.Step{
		{Rule: "message", Verdict: rule.VerdictPass, Detail: "1 of 1 messages are to be told"},
		{Rule: "user", Verdict: rule.VerdictPass, Detail: "the person is active"},
		{Rule: "member", Verdict: rule.VerdictPass, Detail: "team"},
		{Rule: "dnd", Verdict: rule.VerdictLifted, Detail: "the person is mentioned"},
		{Rule: "address", Verdict: rule.VerdictSkip, Detail: "no address is stored"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecodeEvidence(f *testing.F) {
	clerk := rule.NewClerk()
	f.Add(clerk.Encode(&rule.Evidence{OpenedAt: time.UnixMilli(1), DueAt: time.UnixMilli(2), Steps: []rule.Step{{Rule: "user", Verdict: rule.VerdictPass, Detail: "x"}}}))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := rule.DecodeEvidence(b)
		if err != nil {
			return
		}
		again, err := rule.DecodeEvidence(clerk.Encode(&e))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e.Steps, again.Steps); diff != "" {
			t.Fatal(diff)
		}
	})
}
