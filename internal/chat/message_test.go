package chat_test

import (
	"cmp"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
)

func TestMessageKeysSortDecimalIDsAsNumbers(t *testing.T) {
	t.Parallel()
	number := func(t *rapid.T, label string) *big.Int {
		digits := rapid.OneOf(rapid.StringMatching(`[0-9]{1,4}`), rapid.StringMatching(`[0-9]{1,130}`)).Draw(t, label)
		n, ok := new(big.Int).SetString(digits, 10)
		if !ok {
			t.Fatal(digits)
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := number(t, "a"), number(t, "b")
		zeros := strings.Repeat("0", rapid.IntRange(0, 3).Draw(t, "zeros"))
		if got := cmp.Compare(chat.MessageKey(zeros+a.String()), chat.MessageKey(b.String())); got != a.Cmp(b) {
			t.Fatalf("%s%s and %s compare as %d", zeros, a, b, got)
		}
	})
}

func TestMessageKeysOfOtherIDsAreTheIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "a", "-1", "1.5", "1a", "0x10", "٣", " 1"} {
		if got := chat.MessageKey(id); got != id {
			t.Errorf("%q became %q", id, got)
		}
	}
	for a, b := range map[string]string{"9": "10", "99": "100", "0": "1", "007": "8", "9999999999": "10000000000"} {
		if chat.MessageKey(a) >= chat.MessageKey(b) {
			t.Errorf("%s sorts after %s", a, b)
		}
	}
}

// sent is a message as marks see it.
type sent struct {
	at time.Time
	id string
}

func genSent(t *rapid.T, label string) sent {
	return sent{
		time.Unix(rapid.Int64Range(1_700_000_000, 1_700_000_003).Draw(t, label+" at"), 0),
		rapid.OneOf(rapid.Custom(func(t *rapid.T) string {
			return strconv.Itoa(rapid.IntRange(0, 120).Draw(t, "number"))
		}), rapid.StringMatching(`[a-z0-9]{1,3}`)).Draw(t, label+" id"),
	}
}

// TestMarksOrderMessages says that Covers is an order of all messages: total,
// and transitive.
func TestMarksOrderMessages(t *testing.T) {
	t.Parallel()
	covers := func(mark, m sent) bool { return chat.MarkAt(mark.at, mark.id).Covers(m.at, m.id) }
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := genSent(t, "a"), genSent(t, "b"), genSent(t, "c")
		switch {
		case !covers(a, a):
			t.Fatal("a mark does not cover its own message")
		case !covers(a, b) && !covers(b, a):
			t.Fatal("neither comes first")
		case covers(a, b) && covers(b, a) && (!a.at.Equal(b.at) || chat.MessageKey(a.id) != chat.MessageKey(b.id)):
			t.Fatal("each comes first")
		case covers(a, b) && covers(b, c) && !covers(a, c):
			t.Fatal("what the earlier mark covers, the later does not")
		case a.at.After(b.at) != (covers(a, b) && !a.at.Equal(b.at)):
			t.Fatal("time does not count first")
		}
	})
}

func TestMarkUpToCoversTheWholeSecond(t *testing.T) {
	t.Parallel()
	moment := time.Unix(1_700_000_000, 0)
	rapid.Check(t, func(t *rapid.T) {
		mark := chat.MarkUpTo(moment.Add(time.Duration(rapid.Int64Range(0, 999_999_999).Draw(t, "fraction"))))
		m := genSent(t, "message")
		if got, want := mark.Covers(m.at, m.id), !m.at.After(moment); got != want {
			t.Fatalf("%v: covered is %t", m, got)
		}
	})
	if (chat.Mark{}).Covers(moment, "1") {
		t.Error("somebody who has read nothing has read it")
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	for want, m := range map[chat.Kind]chat.Message{
		chat.KindMessage: {ID: "1"}, chat.KindReply: {ParentID: "1", QuotedID: "2"}, chat.KindQuotedReply: {QuotedID: "2"},
	} {
		if got := m.Kind(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestPreferenceReasons(t *testing.T) {
	t.Parallel()
	for kind, want := range map[chat.Kind]chat.Reason{
		chat.KindMessage: "MESSAGES_PREFERENCE", chat.KindReply: "REPLIES_PREFERENCE", chat.KindQuotedReply: "QUOTED_REPLIES_PREFERENCE",
	} {
		if got := chat.PreferenceReason(kind); got != want {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestDisplayNames(t *testing.T) {
	t.Parallel()
	if u := (chat.User{UID: "ada"}); u.DisplayName() != "ada" {
		t.Error(u.DisplayName())
	}
	if u := (chat.User{UID: "ada", Name: "Ada L."}); u.DisplayName() != "Ada L." {
		t.Error(u.DisplayName())
	}
	if g := (chat.Group{GUID: "walkers"}); g.DisplayName() != "walkers" {
		t.Error(g.DisplayName())
	}
	if g := (chat.Group{GUID: "walkers", Name: "Walkers"}); g.DisplayName() != "Walkers" {
		t.Error(g.DisplayName())
	}
}
