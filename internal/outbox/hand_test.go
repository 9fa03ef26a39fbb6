package outbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postrider/postrider/internal/outbox"
)

// handOver stores deliveries as in hand, and hands them over.
func (o *office) handOver(hand outbox.Hand) []string {
	o.t.Helper()
	ids := o.put(hand.Room, 0)
	claimed, err := o.Claim(o.t.Context(), outbox.LaneMail, hand.Room, hand.Lease)
	if err != nil || len(claimed) != hand.Room {
		o.t.Fatalf("claimed %d of %d, %v", len(claimed), hand.Room, err)
	}
	o.worker.Take(hand, claimed)
	return ids
}

func TestWhatIsHandedOverIsHandledAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, sent, func(cfg *outbox.WorkerConfig) { cfg.Poll = time.Hour })
		stop := o.run()
		synctest.Wait()
		hand := o.worker.Reserve(t.Context(), 5)
		if hand.Room != 5 || hand.Lease != 30*time.Second {
			t.Fatalf("a worker with nothing to do has %+v", hand)
		}
		begun := time.Now()
		for _, id := range o.handOver(hand) {
			for o.get(id).State != outbox.Sent {
				time.Sleep(time.Millisecond)
			}
			if d := o.get(id); d.Attempts != 1 {
				t.Errorf("%d attempts", d.Attempts)
			}
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("it took %v", took)
		}
		stop()
	})
}

// A hand is never fuller than it may be, whoever fills it.
func TestReservationsAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		release := make(chan struct{})
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			<-release
			return sent(ctx, d)
		}, func(cfg *outbox.WorkerConfig) { cfg.Parallel, cfg.Ahead, cfg.Poll = 2, 6, time.Hour })
		stop := o.run()
		synctest.Wait()
		first := o.worker.Reserve(t.Context(), 5)
		second := o.worker.Reserve(t.Context(), 5)
		if first.Room != 5 || second.Room != 3 {
			t.Errorf("of 8 there were %d and %d", first.Room, second.Room)
		}
		if third := o.worker.Reserve(t.Context(), 5); third.Room != 0 {
			t.Errorf("of 8 there were %d more", third.Room)
		}
		o.worker.Take(second, nil)
		o.handOver(first)
		synctest.Wait()
		begun := time.Now()
		time.AfterFunc(5*time.Millisecond, func() { close(release) })
		if fourth := o.worker.Reserve(t.Context(), 8); fourth.Room == 0 || time.Since(begun) > 20*time.Millisecond {
			t.Errorf("with %d free there was room for %d after %v", 3, fourth.Room, time.Since(begun))
		} else {
			o.worker.Take(fourth, nil)
		}
		for o.states()[outbox.Sent] < 5 {
			time.Sleep(time.Millisecond)
		}
		stop()
	})
}

// While what is due has not been claimed, nobody overtakes it.
func TestNoRoomWhileMoreIsDue(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		release := make(chan struct{})
		o := open(t, func(ctx context.Context, d outbox.Claimed) outbox.Outcome {
			<-release
			return sent(ctx, d)
		}, func(cfg *outbox.WorkerConfig) { cfg.Parallel, cfg.Ahead = 2, 8 })
		o.put(11, 0)
		stop := o.run()
		synctest.Wait()
		if hand := o.worker.Reserve(t.Context(), 4); hand.Room != 0 {
			t.Errorf("with one left to claim there was room for %d", hand.Room)
		}
		close(release)
		for o.states()[outbox.Sent] < 11 {
			time.Sleep(time.Millisecond)
		}
		hand := o.worker.Reserve(t.Context(), 4)
		if hand.Room != 4 {
			t.Errorf("with nothing due there was room for %d", hand.Room)
		}
		o.worker.Take(hand, nil)
		stop()
	})
}

// What is being stored when the worker is told to stop is given back.
func TestStopWaitsForReservations(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		o := open(t, sent, func(cfg *outbox.WorkerConfig) { cfg.Poll = time.Hour })
		stop := o.run()
		synctest.Wait()
		hand := o.worker.Reserve(t.Context(), 3)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			stop()
		}()
		synctest.Wait()
		select {
		case <-ended:
			t.Fatal("it has ended without what it was promised")
		default:
		}
		if late := o.worker.Reserve(t.Context(), 3); late.Room != 0 {
			t.Errorf("a worker that stops has room for %d", late.Room)
		}
		ids := o.handOver(hand)
		<-ended
		for _, id := range ids {
			if d := o.get(id); d.State != outbox.Pending || d.Attempts != 0 {
				t.Errorf("%s after %d attempts", d.State, d.Attempts)
			}
		}
	})
}
