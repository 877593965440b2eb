package command

import (
	"fmt"
	"slices"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/noise"
	"github.com/gogibson/gibson/bench/internal/report"
)

// blamed is how many of a server's stalls are the machine's.
type blamed struct {
	machine, others int
	worst           time.Duration // the slowest request of the others
	paused          int           // others in which the generator paused, for whatever reason
	slow, excused   int64         // requests in all stalls, and in the machine's
}

// blame tells the stalls that are the machine's: without the time in which a
// watcher was late the slowest request would have been no stall. That a watcher
// was late at all excuses nothing, and a pause of the generator does not either.
func blame(stalls []load.Stall, late, gaps []load.Span, threshold time.Duration) (b blamed) {
	for _, s := range stalls {
		b.slow += s.Requests
		took := s.Slowest.Length()
		if took-covered(within(late, s.Slowest)) < threshold {
			b.machine++
			b.excused += s.Requests
			continue
		}
		b.others++
		b.worst = max(b.worst, took)
		if len(within(gaps, s.Span)) > 0 {
			b.paused++
		}
	}
	return b
}

// verdict is all that can be said of a server that says nothing of itself.
func (b blamed) verdict() string {
	if b.others == 0 {
		return "none but the machine's"
	}
	return fmt.Sprintf("%d stalls nobody knows the cause of", b.others)
}

// watchers says how far those that watched the machine can be trusted, and
// returns when they were late for a reason that excuses the server.
func watchers(w *noise.Watch, late []load.Span, longest time.Duration) (excuse []load.Span, said string) {
	priority := "with real-time priority"
	excuse = late
	if !w.RealTime {
		priority = "WITHOUT real-time priority, so that they competed with the server and excuse nothing,"
		excuse = nil
	}
	return excuse, fmt.Sprintf("the watchers ran on %d CPUs %s and were late %d times, at most %s ms.", w.CPUs, priority, len(late), report.Millis(longest))
}

// within returns the parts of the spans that lie in s.
func within(spans []load.Span, s load.Span) (in []load.Span) {
	for _, o := range spans {
		if !s.Overlaps(o) {
			continue
		}
		if o.From.Before(s.From) {
			o.From = s.From
		}
		if o.To.After(s.To) {
			o.To = s.To
		}
		in = append(in, o)
	}
	return in
}

// covered returns how long the spans last, what several share counted once.
func covered(spans []load.Span) (sum time.Duration) {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b load.Span) int { return a.From.Compare(b.From) })
	var end time.Time
	for _, s := range spans {
		if s.From.Before(end) {
			s.From = end
		}
		if s.To.After(s.From) {
			sum += s.To.Sub(s.From)
			end = s.To
		}
	}
	return sum
}
