package report

import (
	"time"

	"github.com/postrider/postrider/bench/internal/proc"
)

// Engine is what was measured of the engine, at a time of its own.
type Engine struct {
	Date     time.Time    `json:"date"`
	Took     Duration     `json:"took"`
	Commit   string       `json:"commit"`
	Machine  proc.Machine `json:"machine"`
	Versions Versions     `json:"versions"`
	Plan     EnginePlan   `json:"plan"`

	EventBytes int `json:"eventBytes"`
	CallBytes  int `json:"callBytes"` // of a notification

	Rounds  []EngineRound  `json:"rounds"`
	Windows []WindowsRound `json:"windows"`
	// DatabaseBytes is the size of the file with the open windows.
	DatabaseBytes int64 `json:"databaseBytes"`
}

// EnginePlan says how it was measured.
type EnginePlan struct {
	Rounds      int      `json:"rounds"`
	Connections int      `json:"connections"` // that post events
	Callers     int      `json:"callers"`     // connections to the provider
	Warmup      Duration `json:"warmup"`
	Window      Duration `json:"window"`
	Due         int      `json:"due"`
	Burst       int      `json:"burst"`
	BurstRate   float64  `json:"burstRate"` // webhooks per second beside a burst
	Groups      int      `json:"groups"`
	Members     int      `json:"members"`
	Windows     int      `json:"windows"`
}

// EngineRound is one round: each database once, one after the other.
type EngineRound struct {
	Notify map[Subject]Notify `json:"notify,omitempty"`
	// Ceiling is the calls per second of the raw loop.
	Ceiling float64            `json:"ceiling,omitempty"`
	Events  map[Subject]Events `json:"events,omitempty"`
	// Group is of messages to large groups, one after the other.
	Group map[Subject]Events `json:"group,omitempty"`
	Burst map[Subject]Burst  `json:"burst,omitempty"`
}

// Notify is what was seen while windows that were due were worked off.
type Notify struct {
	Calls  float64     `json:"calls"` // answered, per second
	Bytes  int64       `json:"bytes"` // of one
	Cores  Cores       `json:"cores"`
	Memory proc.Memory `json:"memory"`
}

// Events is what was seen while events, or webhooks, were posted.
type Events struct {
	PerSecond float64     `json:"perSecond"` // answered 200
	P50       Duration    `json:"p50"`
	P95       Duration    `json:"p95"`
	P99       Duration    `json:"p99"`
	Max       Duration    `json:"max"`
	Refused   uint64      `json:"refused"`
	Broken    uint64      `json:"broken"`
	Cores     Cores       `json:"cores"`
	Memory    proc.Memory `json:"memory"` // at the end
}

// Burst is what was seen while a great many windows were worked off beside
// webhooks.
type Burst struct {
	Notify   Notify `json:"notify"`
	Webhooks Events `json:"webhooks"`
}

// WindowsRound is what was seen with many open windows, and beside it with
// none.
type WindowsRound struct {
	Ready          Duration    `json:"ready"`          // from exec, after an orderly end
	ReadyAfterKill Duration    `json:"readyAfterKill"` // from exec, after SIGKILL
	Rest           proc.Memory `json:"rest"`
	Full           Events      `json:"full"`
	Empty          Events      `json:"empty"`
}
