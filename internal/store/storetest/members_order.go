package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/chat"
)

// What happens in a group, as it is told: each word is a change and, behind @,
// the second in which it happened. Between two words a moment passes.
//
//	1@5    ann's message 1     in@5, out@5, ban@5   bob comes, leaves, is banned
//	in     bob comes, nobody says when              unban@5   he may come again
//	new@5  the group is made, with ann and bob
//	scope@5  what bob may do changes
//	1h     an hour passes
var unordered = []struct {
	name, told string
	want       string // what bob is mailed about
}{
	{"in order", "1@1 in@2 2@3", "2"},
	{"a message overtakes who came before it", "1@1 3@3 in@2", "3"},
	{"and one from before comes last", "3@3 in@2 1@1", "3"},
	{"numbers are no times", "3@3 1@1 4@4 in@2", "3,4"},
	{"what is sent in the second in which somebody comes counts as it arrives", "1@2 in@2 2@2", "2"},
	{"but for those with whom the group began", "1@2 new@2 2@2", "1,2"},
	{"messages overtake the group", "2@4 1@3 new@2", "2,1"},
	{"coming is told twice", "2@3 in@2 3@4 in@2", "2,3"},
	{"who left before they came is gone", "out@4 2@3 in@2 3@5", ""},
	{"who left does not come back because their coming is told twice", "in@2 2@3 out@4 in@2 3@5", ""},
	{"who came back, told last first", "in@6 3@7 out@4 in@2 2@3 4@5", "3"},
	{"who came back, told first last", "in@6 out@4 3@7 in@2 1@1", "3"},
	{"who was banned before they came is", "ban@4 in@2 2@3", ""},
	{"who may come again does not because it is told twice", "ban@2 unban@3 in@4 2@5 unban@3 ban@2", "2"},
	{"what one may do changes, which is not to come", "in@2 2@3 scope@9 3@4", "2,3"},
	{"nobody says when", "1@1 in 2@3", "2"},
	{"nobody says when, so that it is when it is told", "2@3 in 3@4", "3"},
	{"a time from long ago is that of something else", "1@1 1h in@0 2@3601", "2"},
	{"after a time from long ago it goes as it is told", "1h in@0 2@3601 out@0 3@3603", ""},
}

func windowUnordered(t *testing.T, f *fixture) {
	s := newScene(f)
	for i, c := range unordered {
		guid := "g" + string(rune('a'+i))
		begin := s.clock.Now().Truncate(time.Second).Add(time.Second)
		s.clock.Advance(begin.Add(20 * time.Second).Sub(s.clock.Now()))
		s.record(t, chat.MembersChanged{GUID: guid, Members: []chat.Member{{UID: "ann", State: chat.MemberIn}}})
		for word := range strings.FieldsSeq(c.told) {
			s.clock.Advance(100 * time.Millisecond)
			if pause, err := time.ParseDuration(word); err == nil {
				s.clock.Advance(pause + time.Minute)
				continue
			}
			what, second, _ := strings.Cut(word, "@")
			at := time.Time{}
			if second != "" {
				after, err := time.ParseDuration(second + "s")
				if err != nil {
					t.Fatal(err)
				}
				at = begin.Add(after)
			}
			s.record(t, s.groupChange(guid, what, at))
		}
		s.due()
		s.decide(t, &told{})
		want := []string{}
		if c.want != "" {
			ids := strings.Split(c.want, ",")
			for i := range ids {
				ids[i] = guid + "-" + ids[i]
			}
			want = append(want, "bob "+strings.Join(ids, ","))
		}
		var got []string
		for _, call := range s.calls(t) {
			if strings.HasPrefix(call, "bob "+guid+"-") {
				got = append(got, call)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s (%s): told %q, want %q", c.name, c.told, got, want)
		}
	}
}

// groupChange is what a word of the table says.
func (s *scene) groupChange(guid, what string, at time.Time) chat.Change {
	bob := func(state chat.Membership) chat.MembersChanged {
		return chat.MembersChanged{GUID: guid, Members: []chat.Member{{UID: "bob", State: state}}, At: at}
	}
	switch what {
	case "in":
		return bob(chat.MemberIn)
	case "out":
		return bob(chat.MemberOut)
	case "ban":
		return bob(chat.MemberBanned)
	case "unban":
		return chat.Unbanned{GUID: guid, UIDs: []string{"bob"}, At: at}
	case "scope":
		return chat.ScopeChanged{GUID: guid, UID: "bob", Scope: chat.ScopeAdmin, At: at}
	case "new":
		return chat.GroupChanged{Group: chat.Group{GUID: guid, CreatedAt: at}, Members: []chat.Member{
			{UID: "ann", State: chat.MemberIn}, {UID: "bob", State: chat.MemberIn},
		}}
	default:
		return s.message("ann", chat.InGroup(guid), func(m *chat.Message) { m.ID, m.SentAt = guid+"-"+what, at })
	}
}
