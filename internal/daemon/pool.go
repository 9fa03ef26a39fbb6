package daemon

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/postrider/postrider/internal/provider/gateway/smtp"
)

// poolCollector shows the state of the SMTP gateway's connections.
type poolCollector struct{ gateway *smtp.Gateway }

var (
	poolConnections = prometheus.NewDesc(namespace+"_smtp_connections", "Open connections to the SMTP server, by what they do.", []string{"state"}, nil)
	poolWaiting     = prometheus.NewDesc(namespace+"_smtp_waiting", "Mails that wait for a connection.", nil, nil)
	poolDialled     = prometheus.NewDesc(namespace+"_smtp_dials_total", "Connections begun so far, also those that came to nothing.", nil, nil)
)

func (c *poolCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- poolConnections
	ch <- poolWaiting
	ch <- poolDialled
}

func (c *poolCollector) Collect(ch chan<- prometheus.Metric) {
	stats := c.gateway.Stats()
	ch <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, float64(stats.Idle), "idle")
	ch <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, float64(stats.InUse), "in_use")
	ch <- prometheus.MustNewConstMetric(poolWaiting, prometheus.GaugeValue, float64(stats.Waiting))
	ch <- prometheus.MustNewConstMetric(poolDialled, prometheus.CounterValue, float64(stats.Dialled))
}
