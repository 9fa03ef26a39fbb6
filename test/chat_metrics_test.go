package e2e_test

import (
	"net/http"
	"testing"

	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

// TestChatMetrics follows the numbers of the engine through an outage of its
// provider and out of it.
func TestChatMetrics(t *testing.T) {
	t.Parallel()
	site, sink := newTalk(t, nil)
	// The window of two hours takes two seconds.
	site.settings["POSTRIDER_SPEED"] = "3600"
	site.settings["POSTRIDER_PROVIDER_RETRY_SCHEDULE"] = "1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h"
	const endpoint = `{endpoint="http://127.0.0.1`
	gauge := func(name string) string { return name + endpoint + sink.Addr()[len("127.0.0.1"):] + `"}` }
	sink.Always(webhooksink.Status(http.StatusBadGateway))
	server := site.serve()
	server.tell(founded("hikers", "susan", "andrew", "john"), said("susan", "group:hikers", "1", ""))
	server.tell(said("susan", "john", "2", ""), event{"trigger": "meeting_started"}, event{"trigger": "made_up"})
	server.tell(said("susan", "andrew", "3", ""), hasRead("andrew", "susan", "3"))
	for _, id := range []string{"4", "5", "6"} {
		server.tell(said("susan", "otto-"+id, id, ""))
	}
	if _, err := server.postEvents([]byte("{")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.postEvents(nil, signedIn("a", "b")); err != nil {
		t.Fatal(err)
	}
	server.awaitSeries(map[string]float64{
		`postrider_events_answers_total{status="200"}`:            6,
		`postrider_events_answers_total{status="400"}`:            1,
		`postrider_events_answers_total{status="401"}`:            1,
		`postrider_events_total{trigger="message_sent"}`:          6,
		`postrider_events_total{trigger="group_created"}`:         1,
		`postrider_events_total{trigger="message_read_receipt"}`:  1,
		`postrider_events_total{trigger="unknown"}`:               2,
		`postrider_windows_decided_total`:                         7,
		`postrider_digests_skipped_total{reason="READ"}`:          1,
		`postrider_queue_deliveries{lane="call",state="pending"}`: 6,
		`postrider_queue_deliveries{lane="mail",state="pending"}`: 0,
		gauge("postrider_provider_paused"):                        1,
	})
	sink.Always(webhooksink.OK())
	up := server.awaitSeries(map[string]float64{
		`postrider_deliveries_settled_total{lane="call",reason="",state="sent"}`: 6,
		`postrider_attempts_total{lane="call",result="sent"}`:                    6,
		`postrider_queue_deliveries{lane="call",state="pending"}`:                0,
		`postrider_queue_deliveries{lane="call",state="in_hand"}`:                0,
		`postrider_queue_oldest_seconds{lane="call"}`:                            0,
		gauge("postrider_provider_paused"):                                       0,
		gauge("postrider_provider_calls_in_flight"):                              0,
	})
	if n := up[`postrider_attempts_total{lane="call",result="temporary"}`]; n < 5 {
		t.Errorf("%v attempts failed for the time being, want 5 at the least: they paused the endpoint", n)
	}
	server.stop()
}
