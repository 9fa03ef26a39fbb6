// Package report keeps what a run measured, and makes of it the table and the
// plot of docs/benchmarks.md.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/postrider/postrider/bench/internal/proc"
)

// Subject is one of those that are measured.
type Subject string

const (
	// Peer is a receiver as people write it today.
	Peer Subject = "peer"
	// SQLite is Postrider on its embedded database.
	SQLite Subject = "sqlite"
	// PostgreSQL is Postrider beside a PostgreSQL server.
	PostgreSQL Subject = "postgres"
)

// Results is everything a run measured, with what is needed to judge it.
type Results struct {
	Date     time.Time    `json:"date"`
	Took     Duration     `json:"took"`
	Commit   string       `json:"commit"`
	Machine  proc.Machine `json:"machine"`
	Versions Versions     `json:"versions"`
	Plan     Plan         `json:"plan"`

	WebhookBytes int `json:"webhookBytes"`
	// MailBytes is how large the mails were that left each subject.
	MailBytes map[Subject]int64 `json:"mailBytes"`

	Rounds  []Round        `json:"rounds"`
	Pending []PendingRound `json:"pending"`
	// DatabaseBytes is the size of the file with the pending deliveries.
	DatabaseBytes int64 `json:"databaseBytes"`

	// Engine is nil where it was not measured. Everything else here is about
	// the provider.
	Engine *Engine `json:"engine,omitempty"`
}

// Versions of what took part.
type Versions struct {
	Go         string `json:"go"`
	PostgreSQL string `json:"postgresql"`
	Node       string `json:"node"`
	Express    string `json:"express"`
	Nodemailer string `json:"nodemailer"`
}

// Plan says how it was measured.
type Plan struct {
	Rounds          int      `json:"rounds"`
	Connections     int      `json:"connections"`     // that post webhooks
	MailConnections int      `json:"mailConnections"` // that carry mails
	Messages        int      `json:"messages"`        // in a digest
	Warmup          Duration `json:"warmup"`
	Window          Duration `json:"window"`
	Backlog         int      `json:"backlog"`
	Pending         int      `json:"pending"`
}

// Round is one round: every subject once, one after the other.
type Round struct {
	// Accept is at full load.
	Accept map[Subject]Accept `json:"accept,omitempty"`
	// Balanced is at the highest load at which at least 1,000 mails leave in a
	// second: the same as Accept where they do so at full load.
	Balanced map[Subject]Accept `json:"balanced,omitempty"`
	// Half is at half the rate of Accept.
	Half  map[Subject]Accept      `json:"half,omitempty"`
	Drain map[Subject]Drain       `json:"drain,omitempty"`
	Idle  map[Subject]proc.Memory `json:"idle,omitempty"`
	// Ceiling is the mails per second of the raw loop; Pipelined is the same
	// loop with pipelining.
	Ceiling   float64 `json:"ceiling,omitempty"`
	Pipelined float64 `json:"pipelined,omitempty"`
}

// Accept is what was seen while webhooks were posted.
type Accept struct {
	Webhooks float64     `json:"webhooks"` // answered 200, per second
	Mails    float64     `json:"mails"`    // that left meanwhile, per second
	P50      Duration    `json:"p50"`
	P99      Duration    `json:"p99"`
	Max      Duration    `json:"max"`
	Refused  uint64      `json:"refused"`
	Broken   uint64      `json:"broken"`
	Cores    Cores       `json:"cores"`
	Memory   proc.Memory `json:"memory"` // at the end
}

// Drain is what was seen while a backlog was worked off.
type Drain struct {
	Mails  float64     `json:"mails"`  // per second
	Burst  float64     `json:"burst"`  // webhooks per second while no mail could leave
	Cores  Cores       `json:"cores"`  // while mails left
	Memory proc.Memory `json:"memory"` // with the backlog
}

// PendingRound is what was seen with many pending deliveries, and beside it
// with none.
type PendingRound struct {
	Ready          Duration    `json:"ready"`          // from exec, after an orderly end
	ReadyAfterKill Duration    `json:"readyAfterKill"` // from exec, after SIGKILL under load
	Rest           proc.Memory `json:"rest"`
	Full           Accept      `json:"full"`
	Empty          Accept      `json:"empty"`
}

// Cores is how many cores each was busy on, on average.
type Cores struct {
	Subject float64 `json:"subject"`
	Sink    float64 `json:"sink"`
	Load    float64 `json:"load"`
	All     float64 `json:"all"` // the whole machine
}

// Duration is written in JSON as Go writes it.
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// Save writes the results to a file.
func (r *Results) Save(path string) error {
	content, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

// Load reads results from a file.
func Load(path string) (*Results, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	r := new(Results)
	if err := json.Unmarshal(content, r); err != nil {
		return nil, fmt.Errorf("read results from %s: %w", path, err)
	}
	return r, nil
}
