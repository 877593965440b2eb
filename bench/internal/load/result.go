package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Result is what one run counted.
type Result struct {
	Requests int64 // answered
	Hits     int64 // GETs answered with the right value
	Missing  int64 // GETs answered with "no such key"
	Stored   int64 // SETs
	Start    time.Time
	Elapsed  time.Duration

	// Latency holds a histogram of nanoseconds for each phase. With a depth
	// above 1 it is the time from the write of a batch to its last reply.
	Latency []*hdrhistogram.Histogram

	// SetLatency has the SETs of a mixed load of depth 1, for all phases
	// together; Latency then has the GETs only.
	SetLatency *hdrhistogram.Histogram

	// Stalls lists the times in which requests were slow, in order.
	// StallsDropped counts the slow requests after too many of them.
	Stalls        []Stall
	StallsDropped int64

	// Gaps lists, for runs with a rate, when the generator did not look for
	// more than a millisecond. It excuses nobody: either the machine did not
	// run the generator, or many replies came at once after a stall.
	Gaps []Span
}

// Span is a piece of time.
type Span struct{ From, To time.Time }

// Length returns how long the span lasts.
func (s Span) Length() time.Duration { return s.To.Sub(s.From) }

// Stall is a time in which requests were slow. Those that overlap are one
// stall: what waits behind a slow one is slow for the same cause.
type Stall struct {
	Span
	Requests int64
	// Slowest is the request that took longest. It was due before most others,
	// so that it waited for the cause and hardly for what had piled up.
	Slowest Span
}

// stalled notes a slow batch.
func (r *Result) stalled(s Span, requests int64) {
	if n := len(r.Stalls); n > 0 && !s.From.After(r.Stalls[n-1].To) {
		last := &r.Stalls[n-1]
		if s.From.Before(last.From) {
			last.From = s.From
		}
		last.To = s.To
		last.Requests += requests
		if s.Length() > last.Slowest.Length() {
			last.Slowest = s
		}
		return
	}
	if len(r.Stalls) == cap(r.Stalls) {
		r.StallsDropped += requests
		return
	}
	r.Stalls = append(r.Stalls, Stall{Span: s, Requests: requests, Slowest: s})
}

// Overlaps reports whether both share a moment.
func (s Span) Overlaps(o Span) bool { return s.From.Before(o.To) && o.From.Before(s.To) }

// PerSecond returns the requests answered per second.
func (r Result) PerSecond() float64 { return float64(r.Requests) / r.Elapsed.Seconds() }

// Percentile returns the latency that p percent of the requests of the given
// phase did not exceed.
func (r Result) Percentile(phase int, p float64) time.Duration {
	return time.Duration(r.Latency[phase].ValueAtPercentile(p))
}

// newHistogram holds 1 µs to 60 s at two significant digits (below 1 %
// error), small enough to stay in the processor's cache.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(time.Microsecond), int64(time.Minute), 2)
}

// maxSpans bounds the lists of a Result, which must not grow during a run.
const maxSpans = 4096
