package dashboard_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/postgres"
)

var pagesTable = flag.String("pages-table", "", "file into which BenchmarkPages writes its table")

// longest is what a page may take where pages are measured.
const longest = 50 * time.Millisecond

// measured is a page: the middle of its times on each engine.
type measured map[string]map[string]time.Duration

// BenchmarkPages measures every page over a log of a million deliveries, with a
// hundred thousand people and a mailbox of twenty thousand mails, on both
// engines. It fails where a page takes longer than it may.
func BenchmarkPages(b *testing.B) {
	var server postgres.Shared
	defer func() {
		if err := server.Stop(); err != nil {
			b.Error(err)
		}
	}()
	all := make(measured)
	for _, engine := range []struct {
		name string
		tongue
	}{{"SQLite", sqliteTongue()}, {"PostgreSQL", postgresTongue()}} {
		b.Run(engine.name, func(b *testing.B) {
			database := ""
			if engine.driver == "pgx" {
				database = server.URL(b)
			}
			s := newSite(b, options{database: database})
			s.fillLog(b, engine.tongue, database)
			s.fillMailbox(b)
			mira := s.as(b, "mira")
			for name, path := range s.benchPages(b) {
				b.Run(name, func(b *testing.B) {
					took := make([]time.Duration, 0, 100)
					mira.want(b, http.StatusOK, http.MethodGet, path, nil) // reads what is read once
					for b.Loop() {
						begin := time.Now()
						mira.want(b, http.StatusOK, http.MethodGet, path, nil)
						took = append(took, time.Since(begin))
					}
					slices.Sort(took)
					middle := took[len(took)/2]
					if middle > longest {
						b.Errorf("%s takes %v, more than %v", path, middle, longest)
					}
					if all[name] == nil {
						all[name] = make(map[string]time.Duration)
					}
					all[name][engine.name] = middle
				})
			}
		})
	}
	if *pagesTable != "" {
		if err := os.WriteFile(*pagesTable, []byte(all.table()), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

func (m measured) table() string {
	var table strings.Builder
	table.WriteString("| page | SQLite | PostgreSQL |\n| --- | ---: | ---: |\n")
	milliseconds := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", name, milliseconds(m[name]["SQLite"]), milliseconds(m[name]["PostgreSQL"]))
	}
	return table.String()
}

// benchPages are the pages that are measured, by name: filters of each kind,
// where they find much, little and nothing.
func (s *site) benchPages(b *testing.B) map[string]string {
	b.Helper()
	call := s.first(b, outbox.Filter{Lane: outbox.LaneCall, States: []outbox.State{outbox.Failed}})
	mail := s.first(b, outbox.Filter{Lane: outbox.LaneMail, States: []outbox.State{outbox.Failed}})
	old := s.clock.Now().Add(-13 * 24 * time.Hour).Format("2006-01-02T15:04")
	pages := map[string]string{
		"overview, hours": "/dashboard", "overview, days": "/dashboard?by=day", "credentials": "/dashboard/credentials", "preferences": "/dashboard/preferences",
		"keys": "/dashboard/keys", "accounts": "/dashboard/accounts", "audit log": "/dashboard/audit", "account": "/dashboard/account", "long work": "/dashboard/jobs",
		"log entry, call": logPath + "/" + call.ID, "log entry, mail": logPath + "/" + mail.ID,
		"people": peoplePath, "people, last page": peoplePath + "?after=user-99", "people, search often": peoplePath + "?search=example.com",
		"people, search seldom": peoplePath + "?search=user-99999", "people, search never": peoplePath + "?search=nobody", "person": peoplePath + "/user-46",
		"mailbox": "/mailbox", "mailbox, old page": "/mailbox?before=" + keptMail(100, []string{"x"}, s.clock.Now()).ID, "mailbox, mail": "/mailbox/" + keptMail(manyMails/2, []string{"x"}, s.clock.Now()).ID,
		"mailbox, search often": "/mailbox?q=trail", "mailbox, search seldom": "/mailbox?q=number77", "mailbox, search never": "/mailbox?q=avalanche",
		"mailbox, search begins": "/mailbox?q=numb", "mailbox, search phrase": "/mailbox?q=%22closed+after+rain%22", "mailbox, search without": "/mailbox?q=-boots",
		"mailbox, to": "/mailbox?to=user-46@example.com", "mailbox, to nobody": "/mailbox?to=nobody@example.com",
	}
	for channel, about := range map[string]string{"log": logPath + "?", "log of mails": logPath + "?channel=mail&"} {
		for name, query := range map[string]string{
			"": "", ", status failed": "status=failed", ", status skipped": "status=skipped", ", status waiting": "status=waiting", ", status sent": "status=sent", ", status cancelled": "status=cancelled",
			", reason often": "reason=MISSING_EMAIL", ", reason never": "reason=MUTE_PREFERENCE", ", receiver": "receiver=user-46", ", receiver nobody": "receiver=nobody",
			", until long ago": "until=" + old, ", from": "from=" + s.clock.Now().Add(-2*time.Hour).Format("2006-01-02T15:04"), ", status and reason": "status=failed&reason=REJECTED",
			", receiver and status": "receiver=user-46&status=sent",
		} {
			pages[channel+name] = about + query
		}
	}
	for name, query := range map[string]string{
		"sender often": "sender=ada", "sender never": "sender=nobody", "receivers in groups": "receiverType=group", "receivers one-on-one": "receiverType=user",
		"event never": "event=custom", "event often": "event=message", "member": "member=user-46",
	} {
		pages["log, "+name] = logPath + "?" + query
	}
	pages["log of mails, receiver seldom"] = logPath + "?channel=mail&receiver=seldom"
	return pages
}
