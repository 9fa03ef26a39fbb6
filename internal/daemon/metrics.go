package daemon

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/lookup"
	"github.com/postrider/postrider/internal/store"
)

const namespace = "postrider"

type metrics struct {
	registry   *prometheus.Registry
	answers    *prometheus.CounterVec
	accepted   prometheus.Counter
	duplicates prometheus.Counter
	settled    *prometheus.CounterVec
	attempts   *prometheus.CounterVec
	latency    prometheus.Histogram

	eventAnswers *prometheus.CounterVec
	events       *prometheus.CounterVec
	windows      prometheus.Counter
	skipped      *prometheus.CounterVec
	waiting      *prometheus.CounterVec

	lookups       *prometheus.CounterVec
	lookupLatency prometheus.Histogram
}

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		answers:  counter("webhook_answers_total", "Answers of /webhook by status.", "status"),
		settled:  counter("deliveries_settled_total", "Deliveries that came to an end, by state and reason.", "lane", "state", "reason"),
		attempts: counter("attempts_total", "Attempts at handing deliveries over, by result.", "lane", "result"),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "delivery_seconds", Help: "Time from accepting a notification to its mail being taken by the gateway.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200},
		}),
	}
	m.eventAnswers = counter("events_answers_total", "Answers of /events by status.", "status")
	m.events = counter("events_total", "Events that were stored, by trigger.", "trigger")
	m.skipped = counter("digests_skipped_total", "Digests, or parts of them, that were not told, by reason.", "reason")
	m.waiting = counter("windows_put_off_total", "Windows that were due and have to wait, by reason.", "reason")
	m.lookups = counter("directory_lookups_total", "Questions for an address that the directory could answer, by result.", "result")
	for _, result := range lookup.Results() {
		m.lookups.WithLabelValues(string(result))
	}
	m.lookupLatency = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "directory_seconds", Help: "Time that the directory took to answer, or to fail.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	})
	windows := counter("windows_decided_total", "Windows that were due and looked at.")
	m.windows = windows.WithLabelValues()
	m.registry.MustRegister(m.eventAnswers, m.events, m.skipped, m.waiting, windows, m.lookups, m.lookupLatency)
	accepted := counter("notifications_total", "Notifications answered 200: stored, or recognised as duplicates.", "result")
	m.accepted, m.duplicates = accepted.WithLabelValues("accepted"), accepted.WithLabelValues("duplicate")
	m.registry.MustRegister(m.answers, accepted, m.settled, m.attempts, m.latency,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observeAnswer(status int) { m.answers.WithLabelValues(strconv.Itoa(status)).Inc() }

func (m *metrics) observeEventAnswer(status int) {
	m.eventAnswers.WithLabelValues(strconv.Itoa(status)).Inc()
}

// observeEvent counts an event. What is not known is counted together:
// callers could make up any number of triggers.
func (m *metrics) observeEvent(trigger string, known bool) {
	if !known {
		trigger = "unknown"
	}
	m.events.WithLabelValues(trigger).Inc()
}

func (m *metrics) observeDecided(d engine.Decided) {
	m.windows.Add(float64(d.Windows))
	for reason, n := range d.Skipped {
		m.skipped.WithLabelValues(string(reason)).Add(float64(n))
	}
	for reason, n := range d.Waiting {
		m.waiting.WithLabelValues(string(reason)).Add(float64(n))
	}
}

func (m *metrics) observeLookup(result lookup.Result, took time.Duration) {
	m.lookups.WithLabelValues(string(result)).Inc()
	if result != lookup.Cached && result != lookup.Paused {
		m.lookupLatency.Observe(took.Seconds())
	}
}

func (m *metrics) observeAccept(duplicate bool) {
	if duplicate {
		m.duplicates.Inc()
	} else {
		m.accepted.Inc()
	}
}

func (m *metrics) observeOutcome(now time.Time, d *outbox.Claimed, o *outbox.Outcome) {
	lane := string(d.Lane)
	if o.Attempt != nil {
		m.attempts.WithLabelValues(lane, string(o.Attempt.Result)).Inc()
	}
	if o.State == outbox.Pending {
		return
	}
	m.settled.WithLabelValues(lane, string(o.State), o.Reason).Inc()
	if o.State == outbox.Sent && d.Lane == outbox.LaneMail {
		m.latency.Observe(now.Sub(d.ArmedAt).Seconds())
	}
}

// queueCollector measures the queue when it is asked, but not more often than
// every few seconds: counting a long queue takes a moment.
type queueCollector struct {
	store *store.Store
	clock func() time.Time
	gate  *gateway.Gate

	mu       sync.Mutex
	measured time.Time
	depths   map[outbox.Lane]outbox.Depth
}

const measureEvery = 5 * time.Second

var (
	queueDepth    = prometheus.NewDesc(namespace+"_queue_deliveries", "Deliveries that are open, by state.", []string{"lane", "state"}, nil)
	queueAge      = prometheus.NewDesc(namespace+"_queue_oldest_seconds", "How long the oldest due delivery has been due.", []string{"lane"}, nil)
	gatewayPaused = prometheus.NewDesc(namespace+"_gateway_paused", "1 while mails are held back because the gateway cannot be used.", nil, nil)
)

func (c *queueCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- queueDepth
	ch <- queueAge
	ch <- gatewayPaused
}

func (c *queueCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock()
	if now.Sub(c.measured) >= measureEvery {
		ctx, cancel := context.WithTimeout(context.Background(), measureEvery)
		defer cancel()
		depths := make(map[outbox.Lane]outbox.Depth)
		for _, lane := range []outbox.Lane{outbox.LaneCall, outbox.LaneMail} {
			depth, err := c.store.Depth(ctx, lane)
			if err != nil {
				ch <- prometheus.NewInvalidMetric(queueDepth, err)
				return
			}
			depths[lane] = depth
		}
		c.depths, c.measured = depths, now
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for lane, depth := range c.depths {
		gauge(queueDepth, float64(depth.Pending), string(lane), string(outbox.Pending))
		gauge(queueDepth, float64(depth.InHand), string(lane), string(outbox.InHand))
		age := 0.0
		if !depth.OldestDue.IsZero() {
			age = max(0, now.Sub(depth.OldestDue).Seconds())
		}
		gauge(queueAge, age, string(lane))
	}
	paused := 0.0
	if c.gate.Paused() {
		paused = 1
	}
	gauge(gatewayPaused, paused)
}
