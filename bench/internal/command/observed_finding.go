package command

import (
	"fmt"
	"slices"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/report"
)

// finding is what the engine itself had of the stalls.
type finding struct {
	own     int     // times that it took the threshold or more
	most    share   // of one of them, each the most there was
	missing int     // locks that are not accounted for
	late    float64 // the part of the run in which a watcher was late
}

// judge adds up what the engine did during the slowest request of each stall,
// beyond what it does in any time as long, whoever the stall is blamed on. A single
// long lock and a pause of the garbage collector count even where no request was
// slow.
func (h *holds) judge(stalls []load.Stall, late []load.Span, threshold time.Duration) finding {
	f := finding{missing: h.Dropped + h.Time.Lost}
	note := func(s share) bool {
		f.most.thread, f.most.ran = max(f.most.thread, s.thread), max(f.most.ran, s.ran)
		if s.ran < threshold {
			return false
		}
		f.own++
		return true
	}
	var owned []load.Span
	for _, s := range stalls {
		part, usual := h.Time.share(s.Slowest, late), h.Time.usual(s.Slowest.Length())
		if note(share{max(part.thread-usual, 0), max(part.ran-usual, 0)}) {
			owned = append(owned, s.Slowest)
		}
	}
	for _, hold := range h.Long {
		at := load.Span{From: hold.Start, To: hold.Start.Add(hold.Wall)}
		s := share{hold.CPU, min(hold.CPU, hold.Wall-covered(within(late, at)))}
		if hold.Faults > 0 {
			s.ran = s.thread // see timeline.share
		}
		if !slices.ContainsFunc(owned, at.Overlaps) {
			note(s)
		} else {
			f.most.thread, f.most.ran = max(f.most.thread, s.thread), max(f.most.ran, s.ran)
		}
	}
	if h.GCPause >= threshold {
		note(share{h.GCPause, h.GCPause})
	}
	return f
}

// mostLate is the part of a run in which watchers may be late: where they always
// are, they would excuse everything.
const mostLate = 0.1

// verdict puts it into words, with the stalls whose cause is not known.
func (f finding) verdict(threshold time.Duration, b blamed, dropped int64) string {
	most := report.Millis(f.most.ran) + " ms"
	if f.most.thread >= threshold && f.most.ran < threshold {
		most += fmt.Sprintf(" (by the thread's clock %s ms, while a watcher was late)", report.Millis(f.most.thread))
	}
	var v string
	switch {
	case f.own > 0:
		v = fmt.Sprintf("%d times the engine itself took %v or more, at most %s", f.own, threshold, most)
	case f.late > mostLate && (b.machine > 0 || f.most.thread >= threshold): // there is something to excuse
		v = fmt.Sprintf("unknown: the watchers were late for %s %% of the run", report.Percent(f.late))
	case f.missing > 0 || dropped > 0:
		v = fmt.Sprintf("unknown: %d locks and %d slow requests were not noted", f.missing, dropped)
	case f.most == share{}:
		v = fmt.Sprintf("no stall of %v or more is the engine's own", threshold)
	default:
		v = fmt.Sprintf("no stall of %v or more is the engine's own, which took at most %s of one", threshold, most)
	}
	if b.others > 0 {
		v += fmt.Sprintf("; %d stalls are not the machine's, the slowest request %s ms", b.others, report.Millis(b.worst))
	}
	return v
}
