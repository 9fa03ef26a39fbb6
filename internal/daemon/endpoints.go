package daemon

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/postrider/postrider/internal/engine/breaker"
)

// endpointCollector shows the endpoints of providers.
type endpointCollector struct{ breaker *breaker.Breaker }

var (
	endpointPaused   = prometheus.NewDesc(namespace+"_provider_paused", "1 while calls are held back because the endpoint keeps failing.", []string{"endpoint"}, nil)
	endpointInFlight = prometheus.NewDesc(namespace+"_provider_calls_in_flight", "Calls that wait for the endpoint's answer.", []string{"endpoint"}, nil)
)

func (c *endpointCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- endpointPaused
	ch <- endpointInFlight
}

func (c *endpointCollector) Collect(ch chan<- prometheus.Metric) {
	for name, status := range c.breaker.Snapshot() {
		paused := 0.0
		if status.State != breaker.Closed {
			paused = 1
		}
		ch <- prometheus.MustNewConstMetric(endpointPaused, prometheus.GaugeValue, paused, name)
		ch <- prometheus.MustNewConstMetric(endpointInFlight, prometheus.GaugeValue, float64(status.InFlight), name)
	}
}
