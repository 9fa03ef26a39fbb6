package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/provider/gateway"
)

var errDown = &gateway.Error{Fault: gateway.FaultGateway, Step: "connect", Err: errors.New("connection refused")}

func newGate() *gateway.Gate {
	return gateway.NewGate("test", time.Now, slog.New(slog.DiscardHandler))
}

// admitted returns how long Admit waited, and for how many mails.
func admitted(t *testing.T, g *gateway.Gate) (time.Duration, int) {
	t.Helper()
	before := time.Now()
	n, err := g.Admit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(before), n
}

func TestGateProbesWithGrowingPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		if wait, n := admitted(t, g); wait != 0 || n < 1000 {
			t.Fatalf("open: waited %v for %d", wait, n)
		}
		// All that was under way fails; it is one fault.
		for range 16 {
			g.Failed(errDown)
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			wait, n := admitted(t, g)
			if wait != want*time.Second || n != 1 {
				t.Fatalf("probe after %v for %d, want %v for 1", wait, n, want*time.Second)
			}
			g.Failed(errDown)
		}
		g.Succeeded()
		if wait, n := admitted(t, g); wait != 0 || n < 1000 {
			t.Errorf("after a success: waited %v for %d", wait, n)
		}
		g.Failed(errDown)
		if wait, _ := admitted(t, g); wait != time.Second {
			t.Errorf("the pauses do not start again: %v", wait)
		}
	})
}

func TestGateProbesAgainWhenAProbeFindsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.Failed(errDown)
		admitted(t, g)
		if wait, n := admitted(t, g); wait != time.Second || n != 1 {
			t.Errorf("waited %v for %d", wait, n)
		}
	})
}

func TestGateCountsRefusalsOfDifferentMails(t *testing.T) {
	t.Parallel()
	g := newGate()
	for range 5 {
		g.Refused("a", errDown)
	}
	g.Refused("b", errDown)
	if g.Paused() {
		t.Error("two mails paused the gateway")
	}
	g.Succeeded()
	g.Refused("c", errDown)
	g.Refused("d", errDown)
	if g.Paused() {
		t.Error("two mails after a success paused the gateway")
	}
	g.Refused("e", errDown)
	if !g.Paused() {
		t.Error("three mails in a row did not pause the gateway")
	}
}

func TestGateEndsWithItsContext(t *testing.T) {
	t.Parallel()
	g := newGate()
	g.Failed(errDown)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Admit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Servers repeat addresses in their replies, and logs must not.
func TestGateLogsNoAddress(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	g := gateway.NewGate("test", time.Now, slog.New(slog.NewTextHandler(&log, nil)))
	g.Failed(&gateway.Error{Fault: gateway.FaultGateway, Step: "RCPT TO", Code: 421, Text: "4.7.0 <mira@example.org> try later"})
	if s := log.String(); strings.Contains(s, "mira") || !strings.Contains(s, "RCPT TO: 421") {
		t.Errorf("logged %s", s)
	}
}
