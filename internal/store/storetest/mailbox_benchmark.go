package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// benchMails is how many mails the mailbox keeps while it is searched.
const benchMails = 100_000

// BenchmarkMailboxSearch measures how long searches take among 100,000 kept
// mails of some 150 words, as a page of the list makes them.
func BenchmarkMailboxSearch(b *testing.B, e Engine) {
	f := newFixture(b, e)
	f.fillMailbox(b, benchMails)
	for name, q := range map[string]mailbox.Query{
		"newest":                   {},
		"in every mail":            {Terms: mailbox.ParseQuery("messages")},
		"in one of 100":            {Terms: mailbox.ParseQuery("whale")},
		"in the oldest":            {Terms: mailbox.ParseQuery(`"needle"`)},
		"in none":                  {Terms: mailbox.ParseQuery("nothing")},
		"a beginning":              {Terms: mailbox.ParseQuery("ka")},
		"a rare and a common word": {Terms: mailbox.ParseQuery("new messages whale")},
		"a recipient":              {To: "user7@example.com"},
		"a longer beginning":       {Terms: mailbox.ParseQuery("kata")},
		"not a word":               {Terms: mailbox.ParseQuery("-kata")},
		"a phrase":                 {Terms: mailbox.ParseQuery(`"new messages"`)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f.Mails(b.Context(), q, 51); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMailboxAdd measures how fast mails are kept in a full mailbox.
func BenchmarkMailboxAdd(b *testing.B, e Engine) {
	f := newFixture(b, e)
	b.ResetTimer()
	f.fillMailbox(b, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// fillMailbox keeps n mails, one in a hundred of which is about whales, and
// the first about a needle.
func (f *fixture) fillMailbox(t testing.TB, n int) {
	t.Helper()
	var next atomic.Int64
	together(benchCallers, func(caller int) {
		random := rand.New(rand.NewPCG(1, uint64(caller)))
		for {
			i := next.Add(1)
			if i > int64(n) {
				return
			}
			var text strings.Builder
			for range 150 {
				// Few words are common, most are rare.
				text.WriteString(benchWord(uint32(random.ExpFloat64()*2000)) + " ")
			}
			if i%100 == 0 {
				text.WriteString("whale ")
			}
			if i == 1 {
				text.WriteString("needle")
			}
			m := f.mail(text.String())
			m.To, m.Subject = fmt.Sprintf("user%d@example.com", i%1000), "New messages"
			m.Searched.Text = text.String()
			if err := f.AddMail(t.Context(), m, benchMails); err != nil {
				t.Error(err)
				return
			}
		}
	})
}

// benchWord returns the nth word of a language.
func benchWord(n uint32) string {
	n = n*2654435761 + 1 // spreads them over the alphabet
	var word strings.Builder
	for range 2 + n%3 {
		word.WriteByte("bdfghjklmnprstvz"[n%16])
		word.WriteByte("aeiou"[n/16%5])
		n = n/80 + n<<25
	}
	return word.String()
}
