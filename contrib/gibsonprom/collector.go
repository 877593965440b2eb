// Package gibsonprom has Prometheus count the commands of a Gibson client:
//
//	c := gibsonprom.New(nil)
//	prometheus.MustRegister(c)
//	opts := &gibson.Options{Hooks: c.Hooks()}
//
// The metrics are
//
//	gibson_client_command_duration_seconds{command,outcome}  histogram
//	gibson_client_commands_in_flight                         gauge
//	gibson_client_sent_bytes_total{command}                  counter
//	gibson_client_received_bytes_total{command}              counter
//
// where outcome is that of gibson.Event. Keys are no label: there are too many.
package gibsonprom

import (
	"context"

	"github.com/gogibson/gibson"
	"github.com/prometheus/client_golang/prometheus"
)

// Options are the settings of New. Nil and the zero value stand for the
// defaults named with each field.
type Options struct {
	// Buckets are the upper bounds of the histogram's buckets, in seconds,
	// ascending. Nil stands for 17 of them from 10 µs to 0.66 s, each twice
	// the one before.
	Buckets []float64

	// ConstLabels are labels that every metric gets, to tell one client from
	// another in the same registry.
	ConstLabels prometheus.Labels
}

// Collector counts commands. It is a prometheus.Collector, to be registered,
// and safe for concurrent use.
type Collector struct {
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	sent     *prometheus.CounterVec
	received *prometheus.CounterVec
}

// New returns a Collector of no commands yet. As client_golang does, it panics
// if Buckets do not ascend or a label has no valid name.
func New(opts *Options) *Collector {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Buckets == nil {
		o.Buckets = prometheus.ExponentialBuckets(10e-6, 2, 17)
	}
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: name, Help: help, ConstLabels: o.ConstLabels,
		}, []string{"command"})
	}
	return &Collector{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:        "gibson_client_command_duration_seconds",
			Help:        "Time from a command's call to its outcome.",
			Buckets:     o.Buckets,
			ConstLabels: o.ConstLabels,
		}, []string{"command", "outcome"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "gibson_client_commands_in_flight", Help: "Commands without an outcome yet.", ConstLabels: o.ConstLabels,
		}),
		sent:     counter("gibson_client_sent_bytes_total", "Size of the requests."),
		received: counter("gibson_client_received_bytes_total", "Size of the replies."),
	}
}

// Hooks returns hooks that count. Several clients may share a Collector.
func (c *Collector) Hooks() *gibson.Hooks {
	return &gibson.Hooks{
		Start: func(ctx context.Context, _ gibson.Event) context.Context {
			c.inFlight.Inc()
			return ctx
		},
		End: func(_ context.Context, e gibson.Event) {
			c.inFlight.Dec()
			c.duration.WithLabelValues(e.Command, e.Outcome()).Observe(e.Duration.Seconds())
			c.sent.WithLabelValues(e.Command).Add(float64(e.Sent))
			c.received.WithLabelValues(e.Command).Add(float64(e.Received))
		},
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.all() {
		m.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, m := range c.all() {
		m.Collect(ch)
	}
}

func (c *Collector) all() []prometheus.Collector {
	return []prometheus.Collector{c.duration, c.inFlight, c.sent, c.received}
}
