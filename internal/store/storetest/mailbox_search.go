package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// tell keeps a mail that says something.
func (f *fixture) tell(t testing.TB, from, to, subject, text string) mailbox.Mail {
	t.Helper()
	m := f.mail("raw")
	m.From, m.To, m.Subject, m.Searched.Text = from, to, subject, text
	if err := f.AddMail(t.Context(), m, 1_000_000); err != nil {
		t.Fatal(err)
	}
	return m
}

// found returns the subjects of what a search finds.
func (f *fixture) found(t testing.TB, search string) []string {
	t.Helper()
	mails, err := f.Mails(t.Context(), mailbox.Query{Terms: mailbox.ParseQuery(search)}, 1000)
	if err != nil {
		t.Fatalf("search %q: %v", search, err)
	}
	subjects := make([]string, 0, len(mails))
	for i := range mails {
		subjects = append(subjects, mails[i].Subject)
	}
	return subjects
}

func mailboxSearch(t *testing.T, f *fixture) {
	hiking := f.mail("raw")
	hiking.From, hiking.To, hiking.Subject = "chat@example.com", "andrew-joseph@example.com", "Hiking"
	hiking.Searched = mailbox.Searched{
		From: "Susan Marie <chat@example.com>", To: "Andrew Joseph <andrew-joseph@example.com>", Text: "Are we meeting this weekend?",
	}
	if err := f.AddMail(t.Context(), hiking, 100); err != nil {
		t.Fatal(err)
	}
	f.tell(t, "chat@example.com", "joseph-andrew@example.com", "Weekly report", "All is well, says Andrew. Zürich, Straße")
	f.tell(t, "ops@example.org", "MIRA@Example.com", "Report of the week", "nothing about h1king 🏔️ 100%")
	f.tell(t, "ops@example.org", "mira@example.com", "会議の予定", "来週の会議は東京です")
	for search, want := range map[string][]string{
		"":                                     {"会議の予定", "Report of the week", "Weekly report", "Hiking"},
		" ?! ":                                 {"会議の予定", "Report of the week", "Weekly report", "Hiking"},
		"hiking":                               {"Hiking"},
		"HIK":                                  {"Hiking"},
		`"hik"`:                                {},
		"week":                                 {"Report of the week", "Weekly report", "Hiking"},
		`"week"`:                               {"Report of the week"},
		"report week":                          {"Report of the week", "Weekly report"},
		`"weekly report"`:                      {"Weekly report"},
		`"report weekly"`:                      {},
		"subject:week":                         {"Report of the week", "Weekly report"},
		"text:week":                            {"Hiking"},
		"Subject:report -weekly":               {"Report of the week"},
		"-report -会":                           {"Hiking"},
		"-from:ops@example.org":                {"Weekly report", "Hiking"},
		"from:susan":                           {"Hiking"},
		`from:"Susan Marie"`:                   {"Hiking"},
		"to:susan":                             {},
		"to:andrew-joseph@example.com":         {"Hiking"},
		"to:joseph-andrew@example":             {"Weekly report"},
		"andrew":                               {"Weekly report", "Hiking"},
		"to:mira@example.com":                  {"会議の予定", "Report of the week"},
		"zurich":                               {"Weekly report"},
		"ZÜRICH strasse":                       {"Weekly report"},
		"zu\u0308rich":                         {"Weekly report"},
		"🏔":                                    {"Report of the week"},
		"100%":                                 {"Report of the week"},
		"会議":                                   {"会議の予定"},
		"東京":                                   {"会議の予定"},
		"京東":                                   {},
		"subject:東京":                           {},
		"report hiking":                        {},
		"nosuchfield:report":                   {},
		"from:":                                {"会議の予定", "Report of the week", "Weekly report", "Hiking"},
		"joseph@example.com andrew":            {"Hiking"},
		`com"weekly`:                           {},
		`"example com weekly"`:                 {}, // no phrase spans two fields
		"meeting' OR 1=1":                      {},
		"meeting AND report":                   {},
		"rep*":                                 {"Report of the week", "Weekly report"},
		"to:andrew-joseph@example.com hiking ": {"Hiking"},
	} {
		if diff := cmp.Diff(want, f.found(t, search)); diff != "" {
			t.Errorf("search %q (-want +got):\n%s", search, diff)
		}
	}
	for to, want := range map[string]int{
		"mira@example.com": 2, "Mira@example.COM": 2, "ira@example.com": 0, "mira@example": 0, "@": 0, "andrew-joseph@example.com": 1,
	} {
		mails, err := f.Mails(t.Context(), mailbox.Query{To: to}, 10)
		if err != nil || len(mails) != want {
			t.Errorf("to %q: %d mails, %v; want %d", to, len(mails), err, want)
		}
	}
}

func mailboxSearchPages(t *testing.T, f *fixture) {
	const n = 25
	var want []string
	for i := range n {
		subject := fmt.Sprintf("even %d", i)
		if i%2 == 1 {
			subject = fmt.Sprintf("odd %d", i)
		} else {
			want = append(want, subject)
		}
		f.tell(t, "a@example.com", "b@example.com", subject, "")
	}
	slices.Reverse(want)
	q := mailbox.Query{Terms: mailbox.ParseQuery("even")}
	var got []string
	for {
		page, err := f.Mails(t.Context(), q, 4)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			got = append(got, page[i].Subject)
		}
		if len(page) < 4 {
			break
		}
		q.Before = page[3].ID
		if len(got) == 8 { // somebody deletes the mail at which the next page begins
			if err := f.DeleteMail(t.Context(), q.Before); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	// Those that came after a mail.
	all, err := f.Mails(t.Context(), mailbox.Query{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	later, err := f.Mails(t.Context(), mailbox.Query{Terms: mailbox.ParseQuery("-even"), After: all[4].Arrival}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(later) != 2 || later[0].Subject != "odd 23" || later[1].Subject != "odd 21" {
		t.Errorf("after %s: %+v", all[4].Subject, later)
	}
}

// mailboxSearchModel compares searches with what reading every mail says.
func mailboxSearchModel(t *testing.T, f *fixture) {
	word := rapid.SampledFrom([]string{"a", "ab", "abc", "b", "bc", "Ünïcode", "会", "議", "x1", "ß"})
	words := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(word, 0, 4).Draw(t, "words"), " ") })
	var mails []mailbox.Mail
	rapid.Check(t, func(rt *rapid.T) {
		mails = append(mails, f.tell(t, words.Draw(rt, "from"), words.Draw(rt, "to"), words.Draw(rt, "subject"), words.Draw(rt, "text")))
		// Numbers have gaps, wide ones too: then mails are not near any more.
		if rapid.IntRange(0, 9).Draw(rt, "gap") == 0 {
			if _, err := f.raw(t).Exec(`UPDATE mailbox_state SET last_arrival = last_arrival + 4999`); err != nil {
				rt.Fatal(err)
			}
		}
		terms := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) mailbox.Term {
			return mailbox.Term{
				Field:  rapid.SampledFrom([]mailbox.Field{"", mailbox.FieldSubject, mailbox.FieldFrom, mailbox.FieldTo, mailbox.FieldText}).Draw(t, "field"),
				Words:  mailbox.Words(strings.Join(rapid.SliceOfN(word, 1, 3).Draw(t, "words"), " ")),
				Begins: rapid.Bool().Draw(t, "begins"), Not: rapid.Bool().Draw(t, "not"),
			}
		}), 0, 3).Draw(rt, "terms")
		var want, got []string
		for _, m := range slices.Backward(mails) {
			if !slices.ContainsFunc(terms, func(term mailbox.Term) bool { return holds(&term, &m) == term.Not }) {
				want = append(want, m.ID)
			}
		}
		limit, before := rapid.IntRange(1, 20).Draw(rt, "limit"), ""
		for {
			list, err := f.Mails(t.Context(), mailbox.Query{Terms: terms, Before: before}, limit)
			if err != nil {
				rt.Fatal(err)
			}
			for i := range list {
				before = list[i].ID
				got = append(got, before)
			}
			if len(list) < limit {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%+v (-want +got):\n%s", terms, diff)
		}
	})
}

// holds says whether a mail has the words of a term, in one field and in one
// piece.
func holds(term *mailbox.Term, m *mailbox.Mail) bool {
	for field, text := range map[mailbox.Field]string{
		mailbox.FieldSubject: m.Subject, mailbox.FieldFrom: m.From, mailbox.FieldTo: m.To, mailbox.FieldText: m.Searched.Text,
	} {
		if term.Field != "" && term.Field != field {
			continue
		}
		words, n := mailbox.Words(text), len(term.Words)
		for i := 0; i+n <= len(words); i++ {
			last := words[i+n-1] == term.Words[n-1] || term.Begins && strings.HasPrefix(words[i+n-1], term.Words[n-1])
			if last && slices.Equal(words[i:i+n-1], term.Words[:n-1]) {
				return true
			}
		}
	}
	return false
}

func mailboxForgets(t *testing.T, f *fixture) {
	first := f.tell(t, "a", "b", "one", "common")
	f.tell(t, "a", "b", "two", "common")
	if err := f.DeleteMail(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	again := f.tell(t, "a", "b", "three", "common")
	again.Searched.Text = "changed"
	if err := f.AddMail(t.Context(), again, 2); err != nil { // the same mail
		t.Fatal(err)
	}
	for search, want := range map[string][]string{"common": {"three", "two"}, "one": {}, "changed": {}} {
		if diff := cmp.Diff(want, f.found(t, search)); diff != "" {
			t.Errorf("search %q (-want +got):\n%s", search, diff)
		}
	}
	trimming := f.mail("raw")
	if err := f.AddMail(t.Context(), trimming, 2); err != nil {
		t.Fatal(err)
	}
	if got := f.found(t, "common"); len(got) != 1 || got[0] != "three" {
		t.Errorf("after the mailbox was full: %v", got)
	}
	if err := f.DeleteMails(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.found(t, "common"); len(got) > 0 || f.count(t, "mailbox_index") != 0 {
		t.Errorf("after all were deleted: %v", got)
	}
	f.tell(t, "a", "b", "four", "common")
	if got := f.found(t, "common"); len(got) != 1 {
		t.Errorf("after that: %v", got)
	}
}

func mailboxCounts(t *testing.T, f *fixture) {
	check := func(kept int, last int64) {
		t.Helper()
		state, err := f.MailboxState(t.Context())
		if want := (mailbox.State{Kept: kept, Last: last}); err != nil || state != want {
			t.Errorf("state is %+v, %v; want %+v", state, err, want)
		}
	}
	check(0, 0)
	first := f.addMail(t, "one", 3)
	f.addMail(t, "two", 3)
	check(2, 2)
	if err := f.AddMail(t.Context(), first, 3); err != nil {
		t.Fatal(err)
	}
	check(2, 3) // the same mail: its number stays unused
	f.addMail(t, "three", 3)
	f.addMail(t, "four", 3)
	check(3, 5)
	if err := f.DeleteMail(t.Context(), first.ID); err == nil {
		t.Error("the oldest was kept")
	}
	f.addMail(t, "five", 1) // fewer are to be kept now
	check(1, 6)
	if err := f.DeleteMails(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(0, 6)
	f.addMail(t, "six", 3)
	check(1, 7)
}

func mailboxOddQueries(t *testing.T, f *fixture) {
	f.tell(t, "a@example.com", "b@example.com", "subject", "text")
	rapid.Check(t, func(rt *rapid.T) {
		search := rapid.String().Draw(rt, "search")
		if rapid.Bool().Draw(rt, "syntax") {
			search = rapid.StringMatching(`(-?(from|to|subject|text|body)?:?["'\\*(){}<>:&|!^+ a-c]{0,5} ?){0,6}`).Draw(rt, "syntax")
		}
		q := mailbox.Query{Terms: mailbox.ParseQuery(search), To: rapid.SampledFrom([]string{"", search, poison}).Draw(rt, "to"), Before: search}
		if _, err := f.Mails(t.Context(), q, 10); err != nil {
			rt.Fatalf("search %q: %v", search, err)
		}
	})
}

// Whoever has seen a number has seen every mail up to it, however many
// processes keep mails at one time.
func mailboxArrivals(t *testing.T, f *fixture) {
	const n = 200
	var done atomic.Bool
	seen := make(map[int64]bool)
	followed := make(chan error, 1)
	reader := f.open(t)
	go func() {
		var after int64
		for {
			ending := done.Load()
			list, err := reader.Mails(t.Context(), mailbox.Query{After: after}, 1000)
			if err != nil {
				followed <- err
				return
			}
			for i := range list {
				seen[list[i].Arrival] = true
				after = max(after, list[i].Arrival)
			}
			if ending {
				followed <- nil
				return
			}
		}
	}()
	stores := []mailbox.Store{f.Store, f.open(t), f.open(t)}
	together(n, func(i int) {
		m := f.mail("raw")
		if err := stores[i%len(stores)].AddMail(t.Context(), m, 1000); err != nil {
			t.Errorf("add mail: %v", err)
		}
	})
	done.Store(true)
	if err := <-followed; err != nil {
		t.Fatal(err)
	}
	if len(seen) != n {
		t.Errorf("following the mailbox showed %d mails, want %d", len(seen), n)
	}
}

func mailboxFaults(t *testing.T, f *fixture) {
	other := f.open(t)
	for _, want := range []mailbox.Faults{{}, {Temporary: 30, Permanent: 70, Slow: 1, Delay: 1500 * time.Millisecond}, {}} {
		if err := f.SetFaults(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		f.addMail(t, "raw", 10)
		if got, err := other.Faults(t.Context()); err != nil || got != want {
			t.Errorf("another process reads %+v, %v; want %+v", got, err, want)
		}
	}
}
