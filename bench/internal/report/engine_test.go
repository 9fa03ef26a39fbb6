package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/bench/internal/proc"
	"github.com/postrider/postrider/bench/internal/report"
)

// withEngine has SQLite meet everything but the burst, and PostgreSQL miss
// notifications.
func withEngine() *report.Results {
	r := results()
	type events = map[report.Subject]report.Events
	ms := func(n int) report.Duration { return report.Duration(time.Duration(n) * time.Millisecond) }
	r.Engine = &report.Engine{
		Date: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC), Commit: "abcdef012345",
		Plan: report.EnginePlan{Rounds: 1, Connections: 256, Callers: 64, Members: 1000, Windows: 1_000_000, Burst: 100_000, BurstRate: 200},
		Rounds: []report.EngineRound{{
			Notify: map[report.Subject]report.Notify{report.SQLite: {Calls: 3000, Cores: report.Cores{All: 2}}, report.PostgreSQL: {Calls: 1700}}, Ceiling: 10_000,
			Events: events{report.SQLite: {PerSecond: 6000, P50: ms(40), P99: ms(80)}, report.PostgreSQL: {PerSecond: 2000}},
			Group:  events{report.SQLite: {P95: ms(20)}, report.PostgreSQL: {P95: ms(50)}},
			Burst: map[report.Subject]report.Burst{report.SQLite: {
				Notify: report.Notify{Calls: 2700}, Webhooks: report.Events{P50: ms(5), P99: ms(250)},
			}},
		}},
		Windows: []report.WindowsRound{{
			Ready: ms(100), ReadyAfterKill: ms(300), Rest: proc.Memory{Resident: 40 << 20},
			Full: report.Events{PerSecond: 4500, Memory: proc.Memory{Peak: 90 << 20}}, Empty: report.Events{PerSecond: 6000},
		}},
	}
	return r
}

func TestEngineIsJudgedBesideItsCeiling(t *testing.T) {
	t.Parallel()
	_, page := write(t, withEngine())
	for _, want := range []string{
		"| Notifications per second, from windows due to answer settled | 3,000 (30 %) | 1,700 (17 %) | 10,000 | ≥ 25 % of the raw loop, PostgreSQL 18 % | SQLite yes, PostgreSQL **no** |",
		"| One-on-one messages accepted per second, durable, 256 connections | 6,000 | 2,000 |  | ≥ 5,000 on SQLite | yes |",
		"| A message to a group of 1,000, answered: 95th percentile | 20ms | 50ms |  | ≤ 50ms | yes |",
		"| With 1,000,000 open windows: messages accepted per second | 4,500 (75 % of 6,000) |  |  | ≥ 65 % of the empty rate | yes |",
		"| With 1,000,000 open windows: from start to ready, and after a SIGKILL | 0.10 s, 0.30 s |  |  | ≤ 2 s | yes |",
		"| 100,000 windows due at once beside 200 webhooks/s: notifications per second | 2,700 (90 %) |  |  | ≥ 80 % of the rate without webhooks | yes |",
		"| – the webhooks' answer meanwhile: median and 99th percentile | 5ms, 250ms |  |  | p99 ≤ 200ms | **no** |",
		"| windows due, Postrider, SQLite | 0.00 | 0.00 | 0.00 | 2.00 |",
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("page has no line\n%s\nbut\n%s", want, page)
		}
	}
	_, section, _ := strings.Cut(page, "### What falls short, and why")
	section, _, _ = strings.Cut(section, "\n### ")
	if got := strings.Count(section, "; target"); got != 2 || strings.Contains(section, "Not explained") {
		t.Errorf("%d targets are named as missed, want 2:\n%s", got, section)
	}
}

// The page without the engine says nothing of it, and its numbers are kept.
func TestEngineIsKeptApart(t *testing.T) {
	t.Parallel()
	if _, page := write(t, results()); strings.Contains(page, "## The engine") {
		t.Error("the engine was not measured")
	}
	dir, _ := write(t, withEngine())
	kept, err := report.Load(dir + "/" + report.DataFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(withEngine(), kept); diff != "" {
		t.Errorf("numbers differ (-want +got):\n%s", diff)
	}
}
