package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

// changed is a message with something of it changed, or gone if value is nil.
func changed(field string, value any) event {
	return said("susan", "andrew", "1", "", func(message map[string]any) {
		if value == nil {
			delete(message, field)
		} else {
			message[field] = value
		}
	})
}

// TestEventsAnswers: every answer of /events, as callers see it.
func TestEventsAnswers(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	site := newSite(t, map[string]string{"POSTRIDER_APP_ID": "app123", "POSTRIDER_MAX_BODY": "64KiB"})
	server := site.serve()
	good := said("susan", "andrew", "1", "")
	of := func(app any) event { e := said("susan", "andrew", "2", ""); e["appId"] = app; return e }
	padded := func(size int) []byte { return append(batch(good), bytes.Repeat([]byte(" "), size-len(batch(good)))...) }
	const received = "Event received successfully"

	checkAnswers(t, server.postEvents, []answering{
		{"accepted", batch(good), nil, 200, received},
		{"again", batch(good), nil, 200, received},
		{"under the app's address", batch(good), to("/events/app123"), 200, received},
		{"with a charset", batch(good), contentType("application/json; charset=utf-8"), 200, received},
		{"chunked", batch(good), inChunks, 200, received},
		{"of no app", batch(of(nil)), nil, 200, received},
		{"of any webhook and region", batch(event{"trigger": "message_sent", "data": good["data"], "webhook": 7, "region": []int{}}), nil, 200, received},
		{"an unknown trigger", batch(event{"trigger": "meeting_started", "data": "anything"}), nil, 200, received},
		{"a batch", batch(good, founded("hikers", "susan"), event{"trigger": "meeting_ended"}), nil, 200, received},
		{"an empty batch", []byte("[]"), nil, 200, received},
		{"no JSON", []byte(`{"trigger"`), nil, 400, "body"},
		{"neither object nor array", []byte(`7`), nil, 400, "body"},
		{"empty", nil, nil, 400, "body"},
		{"no trigger", batch(event{"data": good["data"]}), nil, 400, "trigger: is required"},
		{"no data", batch(event{"trigger": "message_sent"}), nil, 400, "data: is required"},
		{"no sender", batch(changed("sender", nil)), nil, 400, "data.message.sender: is required"},
		{"no id", batch(changed("id", nil)), nil, 400, "data.message.id"},
		{"a sender that is too long", batch(changed("sender", strings.Repeat("s", 101))), nil, 400, "data.message.sender"},
		{"a wrong type", batch(changed("sentAt", "yesterday")), nil, 400, "data.message.sentAt"},
		{"another receiver type", batch(changed("receiverType", "planet")), nil, 400, "data.message.receiverType"},
		{"a fault in a batch", batch(good, good, changed("receiver", nil)), nil, 400, "[2].data.message.receiver: is required"},
		{"no object in a batch", []byte(`[7]`), nil, 400, "[0]"},
		{"no credentials", batch(good), noAuth, 401, "Unauthorized"},
		{"wrong password", batch(good), signedIn(chatUser, "guess"), 401, "Unauthorized"},
		{"the webhook's credentials", batch(good), signedIn(hookUser, hookPassword), 401, "Unauthorized"},
		{"the account's credentials", batch(good), signedIn(adminUser, adminPassword), 401, "Unauthorized"},
		{"another app", batch(of("app124")), nil, 403, "appId"},
		{"another app in a batch", batch(good, of("app124")), nil, 403, "appId"},
		{"an unknown app's address", batch(good), to("/events/app124"), 404, "Unknown app"},
		{"no address", batch(good), to("/events/app123/more"), 404, ""},
		{"GET", nil, method(http.MethodGet), 405, "POST"},
		{"PUT", batch(good), method(http.MethodPut), 405, "POST"},
		{"too large", bytes.Repeat([]byte(" "), 16<<20), nil, 413, strconv.Itoa(limit)},
		{"too large and chunked", bytes.Repeat([]byte(" "), 16<<20), inChunks, 413, strconv.Itoa(limit)},
		{"a byte too large", padded(limit + 1), nil, 413, strconv.Itoa(limit)},
		{"just not too large", padded(limit), nil, 200, received},
		{"a form", batch(good), contentType("application/x-www-form-urlencoded"), 415, "application/json"},
		{"no type", batch(good), noType, 415, "application/json"},
	})
	server.stop()
}

// TestAllOrNothing: of a batch with a fault nothing is told.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	site, sink := newTalk(t, nil)
	server := site.serve()
	a, err := server.postEvents(batch(said("susan", "andrew", "1", " first"), changed("sender", nil)))
	if err == nil {
		err = a.want(http.StatusBadRequest)
	}
	if err != nil {
		t.Error(err)
	}
	server.tell(said("susan", "andrew", "2", " second"))
	if _, err := sink.Await(within(t), 1); err != nil {
		t.Fatal(err)
	}
	wantTold(t, sink, "andrew", " second")
	server.stop()
}

// wantTold complains unless exactly these things were told to somebody, each
// once.
func wantTold(t *testing.T, sink *webhooksink.Sink, uid string, texts ...string) {
	t.Helper()
	want, got := make(map[string]int), make(map[string]int)
	for _, text := range texts {
		want[toldTo(uid, text)] = 1
	}
	for key, ids := range readCalls(t, sink).told {
		if strings.HasPrefix(key, toldTo(uid, "")) {
			got[key] = len(ids)
		}
	}
	if err := different(want, got); err != nil {
		t.Errorf("told to %s %v", uid, err)
	}
}

// TestEventsInAnyOrder: what happened arrives twice, and in the reverse order:
// everybody is told the same as if it had not.
func TestEventsInAnyOrder(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		site, sink := newTalk(t, settings)
		// The window of two hours takes two seconds.
		site.settings["POSTRIDER_SPEED"] = "3600"
		server := site.serve()
		server.tell(founded("hikers", "susan", "andrew", "john"))
		happened := []event{
			said("susan", "group:hikers", "10", " to the hike"),
			said("susan", "andrew", "11", " read"),
			hasRead("andrew", "susan", "11"),
			said("susan", "john", "12", " unread"),
			said("susan", "john", "13", " deleted"),
			newEvent("message_deleted", map[string]any{"message": map[string]any{
				"id": "13", "sender": "susan", "receiver": "john", "receiverType": "user", "deletedAt": 1890000058,
			}}),
			said("susan", "john", "14", " edited"),
			newEvent("message_edited", map[string]any{"message": said("susan", "john", "14", " corrected", func(message map[string]any) {
				message["editedAt"] = message["sentAt"]
			})["data"].(map[string]any)["message"]}),
		}
		reversed := slices.Clone(happened)
		slices.Reverse(reversed)
		for _, e := range append(reversed, happened...) {
			server.tell(e)
		}
		if _, err := sink.Await(within(t), 3); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() error { return different(0, len(site.deliveries("--state", "pending,in_hand"))) })
		server.tell(said("susan", "otto", "20", " last"))
		if _, err := sink.Await(within(t), 4); err != nil {
			t.Fatal(err)
		}
		wantTold(t, sink, "andrew", " to the hike")
		wantTold(t, sink, "john", " to the hike", " unread", " corrected")
		wantTold(t, sink, "otto", " last")
		wantTold(t, sink, "susan")
		server.stop()
	})
}

// TestLargeBatch: thousands of events in one call, answered when all of them
// are stored: what is killed at once is told by the next server.
func TestLargeBatch(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		const many, people = 5000, 100
		site, sink := newTalk(t, settings)
		// The window of two hours takes ten seconds, which is time to kill.
		site.settings["POSTRIDER_SPEED"] = "720"
		sink.Always(webhooksink.OK())
		events := make([]event, many)
		for i := range events {
			events[i] = said("susan", fmt.Sprintf("to-%d", i%people), strconv.Itoa(i), fmt.Sprintf(" %d", i))
		}
		server := site.serve()
		server.tell(events...)
		server.kill()
		site.settings["POSTRIDER_SPEED"] = "72000"
		server = site.serve()
		all := readCalls(t, sink)
		eventually(t, func() error {
			all.read(t, sink)
			told := 0
			for _, ids := range all.told {
				told += len(ids)
			}
			return different(many, told)
		})
		server.stop()
	})
}
