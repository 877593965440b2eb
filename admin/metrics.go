package admin

import (
	"github.com/prometheus/client_golang/prometheus"
)

// severalCommands is the label of batches of more than one request, whose time
// cannot be told apart.
const severalCommands = "(several)"

// latencies are the histograms of how long batches took.
type latencies struct {
	vec *prometheus.HistogramVec
	// by holds the histogram of each command, so that observing one does not
	// have to look for it by its label. It does not change.
	by map[string]prometheus.Observer
}

func newLatencies(commands []string) latencies {
	l := latencies{
		vec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gibson_request_duration_seconds",
			Help: "Time from reading requests to handing their replies to the system, by command; requests that a client sent together count once, as (several).",
			// From a few memory accesses to what an operator hears about.
			Buckets: []float64{2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, .1, .5, 1, 5, 30},
		}, []string{"command"}),
		by: make(map[string]prometheus.Observer),
	}
	for _, c := range append([]string{severalCommands}, commands...) {
		l.by[c] = l.vec.WithLabelValues(c)
	}
	return l
}

// Observe counts a batch in the metrics and in the slow log. It is made to be
// called for each: it neither locks nor allocates, unless the batch was slow.
func (h *Handler) Observe(b *Batch) {
	command := b.Command
	if b.Requests > 1 {
		command = severalCommands
	}
	if o, ok := h.times.by[command]; ok {
		o.Observe(b.Took.Seconds())
	}
	h.opts.SlowLog.add(b)
}

// figureCollector makes metrics of figures when they are asked for.
type figureCollector struct {
	figures func() (Figures, error)
	single  []single
	info    *prometheus.Desc
	memory  *prometheus.Desc
	calls   *prometheus.Desc
	family  *prometheus.Desc
	expires *prometheus.Desc
}

// single is a metric without labels.
type single struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*Figures) float64
}

func newFigureCollector(figures func() (Figures, error)) *figureCollector {
	const gauge, counter = prometheus.GaugeValue, prometheus.CounterValue
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("gibson_"+name, help, labels, nil)
	}
	c := &figureCollector{
		figures: figures,
		info:    describe("build_info", "Always 1; the label is the version of the server.", "version"),
		memory:  describe("memory_bytes", "Memory in bytes: what items take (used), what of that is keys and values (payload), the Go heap (heap), and the process as the system sees it (resident).", "kind"),
		calls:   describe("requests_total", "Requests executed, by command and by the code of the reply.", "command", "outcome"),
		family:  describe("family_items", "Items whose keys begin with the prefix.", "prefix"),
		expires: describe("tls_certificate_expiry_time_seconds", "When the first of the server's own certificates expires, in Unix time; absent without TLS."),
	}
	for _, m := range []struct {
		name, help string
		kind       prometheus.ValueType
		value      func(*Figures) int64
	}{
		{"start_time_seconds", "When the server was started, in Unix time.", gauge, func(f *Figures) int64 { return f.Started.Unix() }},
		{"clients", "Open connections.", gauge, func(f *Figures) int64 { return f.Clients }},
		{"max_clients", "Connections that may be open at once.", gauge, func(f *Figures) int64 { return f.MaxClients }},
		{"connections_total", "Connections served.", counter, func(f *Figures) int64 { return f.Connections }},
		{"connections_refused_total", "Connections closed because max_clients others were open.", counter, func(f *Figures) int64 { return f.Refused }},
		{"connections_refused_by_address_total", "Connections closed because max_clients_per_address others of the same address were open.", counter, func(f *Figures) int64 { return f.RefusedByAddress }},
		{"output_memory_bytes", "Replies that clients have not read, as far as max_output_memory bounds them.", gauge, func(f *Figures) int64 { return f.OutputMemory }},
		{"replies_refused_total", "Replies that were ERR because they did not fit max_output_memory.", counter, func(f *Figures) int64 { return f.RepliesRefused }},
		{"batches_total", "Acquisitions of the cache that executed requests.", counter, func(f *Figures) int64 { return f.Batches }},
		{"protocol_errors_total", "Connections ended by bytes that are not the protocol.", counter, func(f *Figures) int64 { return f.ProtocolErrors }},
		{"panics_total", "Connections ended by a defect of the server.", counter, func(f *Figures) int64 { return f.Panics }},
		{"tls_certificates_refused_total", "TLS handshakes ended because the client's certificate is missing or not allowed.", counter, func(f *Figures) int64 { return f.CertificatesRefused }},
		{"tls_handshakes_failed_total", "Other TLS handshakes that did not succeed in time.", counter, func(f *Figures) int64 { return f.HandshakesFailed }},
		{"log_lines_lost_total", "Lines that could not be written to the log.", counter, func(f *Figures) int64 { return f.LogLinesLost }},
		{"snapshots_total", "Snapshots written.", counter, func(f *Figures) int64 { return f.Snapshots }},
		{"snapshots_failed_total", "Snapshots that could not be written; the one before stays.", counter, func(f *Figures) int64 { return f.SnapshotsFailed }},
		{"items", "Items that exist.", gauge, func(f *Figures) int64 { return f.Items }},
		{"items_compressed", "Items that are stored compressed.", gauge, func(f *Figures) int64 { return f.CompressedItems }},
		{"items_evicted_total", "Items removed because max_memory was reached.", counter, func(f *Figures) int64 { return f.EvictedItems }},
		{"items_expired_total", "Items removed because their life was over.", counter, func(f *Figures) int64 { return f.ExpiredItems }},
		{"memory_limit_bytes", "The directive max_memory: what the whole server may take.", gauge, func(f *Figures) int64 { return f.Memory.Limit }},
		{"memory_peak_bytes", "The most that items have taken.", gauge, func(f *Figures) int64 { return f.Memory.Peak }},
	} {
		c.single = append(c.single, single{describe(m.name, m.help), m.kind, func(f *Figures) float64 { return float64(m.value(f)) }})
	}
	c.single = append(c.single, single{
		describe("busy_poll_seconds_total", "Time in which event loops looked for the next request instead of sleeping; other processes may have had the processor for a part of it."),
		counter, func(f *Figures) float64 { return float64(f.BusyPollMicros) / 1e6 },
	})
	return c
}

// Describe sends the descriptions as prometheus.Collector asks.
func (c *figureCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.single {
		ch <- m.desc
	}
	ch <- c.info
	ch <- c.memory
	ch <- c.calls
	ch <- c.family
	ch <- c.expires
}

// Collect sends the metrics as prometheus.Collector asks.
func (c *figureCollector) Collect(ch chan<- prometheus.Metric) {
	f, err := c.figures()
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.info, err)
		return
	}
	gauge := func(desc *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), labels...)
	}
	for _, m := range c.single {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&f))
	}
	gauge(c.info, 1, f.Version)
	gauge(c.memory, f.Memory.Used, "used")
	gauge(c.memory, f.Memory.Payload, "payload")
	gauge(c.memory, f.Memory.Heap, "heap")
	gauge(c.memory, f.Memory.Resident, "resident")
	if !f.CertificateExpires.IsZero() {
		gauge(c.expires, f.CertificateExpires.Unix())
	}
	for _, k := range f.Calls {
		ch <- prometheus.MustNewConstMetric(c.calls, prometheus.CounterValue, float64(k.Count), k.Command, k.Outcome)
	}
	for _, k := range f.Families {
		gauge(c.family, k.Items, k.Prefix)
	}
}
