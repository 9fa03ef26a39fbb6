package chat_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
)

// genID draws the id of a person or a group, among them such as look like a
// part of a key.
func genID(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"a", "b", "ab", "g:a", "u:a", "a_user_b", "group_a", "_user_", "ä", "a:b"}),
		rapid.StringMatching(`[a-z0-9:_-]{1,8}`),
	).Draw(t, label)
}

func TestConversationKeysTellConversationsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := genID(t, "a"), genID(t, "b"), genID(t, "c"), genID(t, "d")
		same := a == c && b == d || a == d && b == c
		if got := chat.OneOnOne(a, b) == chat.OneOnOne(c, d); got != same {
			t.Fatalf("%q and %q, %q and %q: the same key is %t", a, b, c, d, got)
		}
		if (chat.InGroup(a) == chat.InGroup(b)) != (a == b) {
			t.Fatalf("groups %q and %q", a, b)
		}
		if chat.OneOnOne(a, b) == chat.InGroup(c) {
			t.Fatalf("people %q and %q, group %q", a, b, c)
		}
	})
}

func TestConversationKnowsWhoItIsOf(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := genID(t, "a"), genID(t, "b")
		pair, group := chat.OneOnOne(a, b), chat.InGroup(a)
		if pair.Partner(a) != b || pair.Partner(b) != a {
			t.Fatalf("partners of %q and %q: %q, %q", a, b, pair.Partner(a), pair.Partner(b))
		}
		if pair.Type() != chat.ReceiverUser || pair.Label(a) != "user:"+b {
			t.Fatalf("%q: %s, %s", pair, pair.Type(), pair.Label(a))
		}
		if _, ok := pair.Group(); ok {
			t.Fatalf("%q is a group", pair)
		}
		if guid, ok := group.Group(); !ok || guid != a || group.Type() != chat.ReceiverGroup || group.Label(b) != "group:"+a {
			t.Fatalf("%q: %q, %t, %s, %s", group, guid, ok, group.Type(), group.Label(b))
		}
		if chat.ConversationOf(a, b, chat.ReceiverUser) != pair || chat.ConversationOf(b, a, chat.ReceiverGroup) != group {
			t.Fatal("the conversation of a message is another one")
		}
	})
}

func TestWireID(t *testing.T) {
	t.Parallel()
	for want, conversation := range map[string]chat.Conversation{
		"group_walkers":     chat.InGroup("walkers"),
		"ada_user_bob":      chat.OneOnOne("bob", "ada"),
		"ada_user_ada":      chat.OneOnOne("ada", "ada"),
		"cyd-1_user_cyd-10": chat.OneOnOne("cyd-10", "cyd-1"),
	} {
		if got := conversation.WireID(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestNormalizeUIDChangesNothingTwice(t *testing.T) {
	t.Parallel()
	if got := chat.NormalizeUID("Ada-Lovelace_1"); got != "ada-lovelace_1" {
		t.Error(got)
	}
	rapid.Check(t, func(t *rapid.T) {
		once := chat.NormalizeUID(rapid.String().Draw(t, "id"))
		if twice := chat.NormalizeUID(once); twice != once {
			t.Fatalf("%q became %q", once, twice)
		}
	})
}
