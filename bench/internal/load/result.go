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

	// Gaps lists, for runs with a rate, when the generator itself did not
	// run for more than a millisecond: what it measured then is its own.
	Gaps []Span
}

// Span is a piece of time.
type Span struct{ From, To time.Time }

// Stall is a time in which requests were slow. Those that overlap are one
// stall: what waits behind a slow one is slow for the same cause.
type Stall struct {
	Span
	Requests int64
	Worst    time.Duration // the slowest of them
}

// stalled notes a slow batch.
func (r *Result) stalled(s Span, requests int64) {
	took := s.To.Sub(s.From)
	if n := len(r.Stalls); n > 0 && !s.From.After(r.Stalls[n-1].To) {
		last := &r.Stalls[n-1]
		if s.From.Before(last.From) {
			last.From = s.From
		}
		last.To = s.To
		last.Requests += requests
		last.Worst = max(last.Worst, took)
		return
	}
	if len(r.Stalls) == cap(r.Stalls) {
		r.StallsDropped += requests
		return
	}
	r.Stalls = append(r.Stalls, Stall{Span: s, Requests: requests, Worst: took})
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
