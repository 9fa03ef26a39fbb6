package e2e_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// scrape returns the series of /metrics and their values. Those of other
// namespaces are left out.
func (s *server) scrape() map[string]float64 {
	s.t.Helper()
	r, err := http.NewRequestWithContext(within(s.t), http.MethodGet, s.metrics, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := s.do(r)
	if err != nil || a.status != http.StatusOK {
		s.t.Fatalf("scrape: %d %v %s", a.status, err, a.body)
	}
	series := make(map[string]float64)
	for line := range strings.SplitSeq(string(a.body), "\n") {
		name, value, ok := strings.Cut(line, " ")
		if !ok || !strings.HasPrefix(name, "postrider_") {
			continue
		}
		if series[name], err = strconv.ParseFloat(value, 64); err != nil {
			s.t.Fatalf("scrape: %q: %v", line, err)
		}
	}
	return series
}

// awaitSeries waits until the metrics have these values.
func (s *server) awaitSeries(want map[string]float64) map[string]float64 {
	s.t.Helper()
	var all map[string]float64
	eventually(s.t, func() error {
		all = s.scrape()
		got := make(map[string]float64)
		for name := range want {
			if value, ok := all[name]; ok {
				got[name] = value
			}
		}
		return different(want, got)
	})
	return all
}

// TestMetrics follows the numbers through an outage and out of it.
func TestMetrics(t *testing.T) {
	t.Parallel()
	inbox := newInbox(t, smtpConfig)
	inbox.Always(smtpserver.Greeting, smtpserver.Reply(421, "4.3.2 not now").AndHangUp())
	site := newSite(t, map[string]string{
		"POSTRIDER_SMTP_URL": inbox.URL("pool=1"), "POSTRIDER_EMAIL_RETRY_SCHEDULE": "10ms",
	})
	server := site.serve()
	for _, subject := range []string{"one", "two", "three", "three"} {
		server.mustPost(payload(t, subject))
	}
	for _, wrong := range []func(*http.Request){
		signedIn("a", "b"),
		func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{")); r.ContentLength = 1 },
	} {
		if _, err := server.post(payload(t, "wrong"), wrong); err != nil {
			t.Fatal(err)
		}
	}
	server.awaitLog("gateway paused")
	// A probe may have one in hand at any moment, but not for long.
	down := server.awaitSeries(map[string]float64{
		`postrider_notifications_total{result="accepted"}`:        3,
		`postrider_notifications_total{result="duplicate"}`:       1,
		`postrider_webhook_answers_total{status="200"}`:           4,
		`postrider_webhook_answers_total{status="400"}`:           1,
		`postrider_webhook_answers_total{status="401"}`:           1,
		`postrider_queue_deliveries{lane="mail",state="pending"}`: 3,
		`postrider_queue_deliveries{lane="mail",state="in_hand"}`: 0,
		`postrider_gateway_paused`:                                1,
		`postrider_delivery_seconds_count`:                        0,
		`postrider_smtp_connections{state="idle"}`:                0,
		`postrider_smtp_connections{state="in_use"}`:              0,
		`postrider_smtp_waiting`:                                  0,
	})
	if down[`postrider_smtp_dials_total`] < 1 {
		t.Errorf("no connection was tried: %v", down[`postrider_smtp_dials_total`])
	}
	eventually(t, func() error {
		if age := server.scrape()[`postrider_queue_oldest_seconds{lane="mail"}`]; age <= 0 || age > patience.Seconds() {
			return fmt.Errorf("the oldest is due for %v s", age)
		}
		return nil
	})
	for name := range down {
		if strings.HasPrefix(name, "postrider_attempts_total") || strings.HasPrefix(name, "postrider_deliveries_settled_total") {
			t.Errorf("%s is %v while nothing could be tried", name, down[name])
		}
	}

	inbox.Behave()
	inbox.awaitSubjects(t, 3)
	inbox.Next(smtpserver.RCPT, smtpserver.Reply(550, "5.1.1 no such user"))
	server.mustPost(payload(t, "refused"))
	settled := map[string]float64{
		`postrider_deliveries_settled_total{lane="mail",reason="",state="sent"}`:           3,
		`postrider_deliveries_settled_total{lane="mail",reason="REJECTED",state="failed"}`: 1,
	}
	server.awaitSeries(settled)
	inbox.Next(smtpserver.RCPT, smtpserver.Reply(450, "4.2.1 later"))
	server.mustPost(payload(t, "later"))
	server.mustPost(payload(t, "nowhere", withoutEmail))
	maps.Copy(settled, map[string]float64{
		`postrider_deliveries_settled_total{lane="mail",reason="",state="sent"}`:                 4,
		`postrider_deliveries_settled_total{lane="mail",reason="MISSING_EMAIL",state="skipped"}`: 1,
		`postrider_attempts_total{lane="mail",result="sent"}`:                                    4,
		`postrider_attempts_total{lane="mail",result="temporary"}`:                               1,
		`postrider_attempts_total{lane="mail",result="refused"}`:                                 1,
		`postrider_notifications_total{result="accepted"}`:                                       6,
		`postrider_queue_deliveries{lane="mail",state="pending"}`:                                0,
		`postrider_queue_deliveries{lane="mail",state="in_hand"}`:                                0,
		`postrider_queue_oldest_seconds{lane="mail"}`:                                            0,
		`postrider_gateway_paused`:                                                               0,
		`postrider_delivery_seconds_count`:                                                       4,
		`postrider_delivery_seconds_bucket{le="+Inf"}`:                                           4,
		`postrider_smtp_connections{state="idle"}`:                                               1,
		`postrider_smtp_connections{state="in_use"}`:                                             0,
	})
	up := server.awaitSeries(settled)
	// Three of them waited for the gateway, so that they took a while.
	if sum := up[`postrider_delivery_seconds_sum`]; sum <= 0 || up[`postrider_delivery_seconds_bucket{le="0.01"}`] > 1 {
		t.Errorf("from accepting to sending it took %v s in all; in buckets %v", sum, up)
	}
	if err := server.get("/metrics").want(http.StatusNotFound); err != nil {
		t.Errorf("metrics on the public address: %v", err)
	}
	server.stop()
}

// TestMetricsAddress: that the default port is taken is no reason not to serve,
// and metrics can be switched off.
func TestMetricsAddress(t *testing.T) {
	t.Parallel()
	if listener, err := net.Listen("tcp", "127.0.0.1:9464"); err == nil {
		defer listener.Close() // else somebody else has it, which does as well
	}
	site := newSite(t, nil)
	delete(site.settings, "POSTRIDER_METRICS_LISTEN")
	server := site.serve()
	if warning, ok := find(server.log.String(), "no metrics: the default address is taken; set POSTRIDER_METRICS_LISTEN"); !ok || warning.text("level") != "WARN" {
		t.Errorf("no warning: %v", warning)
	}
	server.mustPost(payload(t, "served"))
	server.stop()

	site.settings["POSTRIDER_METRICS_LISTEN"] = ""
	server = site.serve()
	if said := server.awaitLog("serving"); said["metrics"] != nil {
		t.Errorf("metrics are off, and served at %v", said["metrics"])
	}
	server.stop()
}
