package command

import (
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/cache"
)

// slot is the resolution of a timeline.
const slot = time.Millisecond

// timeline is the processor time of all locks, however short, by the
// millisecond: many short ones in a row delay a client as much as a long one.
type timeline struct {
	Base   time.Time
	Slots  []uint32       // nanoseconds
	Faulty map[int]uint32 // those of them in locks that had a page fault, by slot
	Lost   int            // locks that were outside of it
}

// newTimeline returns a timeline that begins at base and has room for so long.
// It is all there from the beginning, since to grow would take its time.
func newTimeline(base time.Time, length time.Duration) *timeline {
	return &timeline{Base: base, Slots: make([]uint32, 0, length/slot), Faulty: map[int]uint32{}}
}

// add notes a lock. Its processor time is spread evenly over it.
func (t *timeline) add(h cache.Hold) {
	from := h.Start.Sub(t.Base)
	last := int((from + max(h.Wall-1, 0)) / slot)
	if from < 0 || last >= cap(t.Slots) {
		t.Lost++
		return
	}
	if last >= len(t.Slots) {
		t.Slots = t.Slots[:last+1] // what lies between is zero
	}
	for i := int(from / slot); i <= last; i++ {
		part := h.CPU
		if h.Wall > 0 {
			begin, end := max(from, time.Duration(i)*slot), min(from+h.Wall, time.Duration(i+1)*slot)
			part = time.Duration(float64(h.CPU) * float64(end-begin) / float64(h.Wall))
		}
		t.Slots[i] += uint32(part)
		if h.Faults > 0 {
			t.Faulty[i] += uint32(part)
		}
	}
}

// usual returns what the engine takes of so long a time on average: the longer a
// request took, whyever, the more others were served meanwhile.
func (t *timeline) usual(d time.Duration) time.Duration {
	if len(t.Slots) == 0 {
		return 0
	}
	var sum time.Duration
	for _, n := range t.Slots {
		sum += time.Duration(n)
	}
	return time.Duration(float64(sum) * float64(d) / float64(time.Duration(len(t.Slots))*slot))
}

// share is the engine's part of some time: by its threads' clocks, and what of
// that it can have run.
type share struct{ thread, ran time.Duration }

// share returns the engine's part of s, to whole slots, which is rather too much.
// The thread's time goes on while a hypervisor has taken the processor away; so
// beside the time in which a watcher was late no more of a slot counts than its
// rest. Locks with a page fault count in full: a watcher may have been late because
// the system was finding memory for them.
func (t *timeline) share(s load.Span, late []load.Span) (sum share) {
	late = within(late, load.Span{From: s.From.Add(-slot), To: s.To.Add(slot)})
	first := max(int(s.From.Sub(t.Base)/slot), 0)
	for i := first; i < len(t.Slots); i++ {
		at := load.Span{From: t.Base.Add(time.Duration(i) * slot), To: t.Base.Add(time.Duration(i+1) * slot)}
		if !at.From.Before(s.To) {
			break
		}
		thread := time.Duration(t.Slots[i])
		sum.thread += thread
		faulty := time.Duration(t.Faulty[i])
		sum.ran += faulty + min(thread-faulty, slot-covered(within(late, at)))
	}
	return sum
}
