package load_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/bench/internal/digest"
	"github.com/postrider/postrider/bench/internal/load"
	"github.com/postrider/postrider/notification"
)

// receiver counts what differs about the webhooks it gets.
type receiver struct {
	mu     sync.Mutex
	people map[string]bool
	texts  map[string]bool
	calls  int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	n, err := notification.Decode(body)
	if user, password, _ := req.BasicAuth(); err != nil || user != "bench" || password != "secret" {
		http.Error(w, "refused", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	r.people[n.Data.To.UID] = true
	r.texts[n.Data.Messages[0].Text] = true
}

func start(t *testing.T) (*receiver, load.Plan) {
	t.Helper()
	template, err := digest.New(digest.Messages)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{people: map[string]bool{}, texts: map[string]bool{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, load.Plan{
		URL: server.URL + "/webhook", Username: "bench", Password: "secret",
		Template: template, Connections: 4, First: 7_000_000,
	}
}

// A receiver that knows duplicates must find none.
func TestEveryWebhookDiffers(t *testing.T) {
	t.Parallel()
	const count = 500
	r, plan := start(t)
	plan.Count = count
	result, err := load.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if result.Accepted != count || result.Posted != count || result.Refused != 0 || result.Broken != 0 {
		t.Errorf("result is %+v, want %d accepted and nothing else", result, count)
	}
	if len(r.people) != count || len(r.texts) != count || r.calls != count {
		t.Errorf("%d calls for %d people with %d texts, want %d of each", r.calls, len(r.people), len(r.texts), count)
	}
}

// In an open loop what is late counts from when it was due: a receiver that
// stops for a while cannot hide it.
func TestLatencyCountsFromWhenDue(t *testing.T) {
	t.Parallel()
	const stop = 200 * time.Millisecond
	inner, plan := start(t)
	var once sync.Once
	var held sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		held.Lock()
		once.Do(func() { time.Sleep(stop) }) // the receiver's fault that is being measured
		held.Unlock()
		inner.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	plan.URL, plan.Rate, plan.Window = server.URL+"/webhook", 100, 300*time.Millisecond
	result, err := load.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if result.Accepted != 30 {
		t.Errorf("accepted %d, want the 30 that were due", result.Accepted)
	}
	if result.Max < stop || result.P50 < 10*time.Millisecond {
		t.Errorf("latencies p50 %v, max %v do not show the stop of %v", result.P50, result.Max, stop)
	}
}

func TestRefusalsAreNoAcceptance(t *testing.T) {
	t.Parallel()
	_, plan := start(t)
	plan.Password, plan.Count = "wrong", 20
	result, err := load.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if result.Accepted != 0 || result.Refused != 20 {
		t.Errorf("result is %+v, want 20 refused", result)
	}
}
