package daemon

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/provider/gateway"
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
	accepted := counter("notifications_total", "Notifications answered 200: stored, or recognised as duplicates.", "result")
	m.accepted, m.duplicates = accepted.WithLabelValues("accepted"), accepted.WithLabelValues("duplicate")
	m.registry.MustRegister(m.answers, accepted, m.settled, m.attempts, m.latency,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observeAnswer(status int) { m.answers.WithLabelValues(strconv.Itoa(status)).Inc() }

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
	if o.State == outbox.Sent {
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
	depth    outbox.Depth
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
		depth, err := c.store.Depth(ctx, outbox.LaneMail)
		if err != nil {
			ch <- prometheus.NewInvalidMetric(queueDepth, err)
			return
		}
		c.depth, c.measured = depth, now
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	lane := string(outbox.LaneMail)
	gauge(queueDepth, float64(c.depth.Pending), lane, string(outbox.Pending))
	gauge(queueDepth, float64(c.depth.InHand), lane, string(outbox.InHand))
	age := 0.0
	if !c.depth.OldestDue.IsZero() {
		age = max(0, now.Sub(c.depth.OldestDue).Seconds())
	}
	gauge(queueAge, age, lane)
	paused := 0.0
	if c.gate.Paused() {
		paused = 1
	}
	gauge(gatewayPaused, paused)
}
