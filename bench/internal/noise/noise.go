// Package noise watches the machine beside a measurement, so that its own
// pauses are not taken for the server's.
//
// On each CPU a thread of its own wakes up every millisecond, with real-time
// priority where the system grants it, and notes when it woke up more than a tenth
// of that late: then that CPU did not run us, unless the kernel worked for the
// server without a break. A hypervisor that gives the CPU to others, or an interrupt
// that takes long, shows itself so.
package noise

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
)

// period is how often a watcher looks, late how much later than that it must
// wake up to be noted: a hypervisor that takes the CPU in small slices may never
// be late by much, but half of the time.
const (
	period = time.Millisecond
	late   = 100 * time.Microsecond
)

// Watch is a running set of watchers.
type Watch struct {
	// RealTime says that all watchers have real-time priority. Without, they
	// compete with the server, and what they note is partly its doing.
	RealTime bool
	// CPUs is their number.
	CPUs int

	stop    atomic.Bool
	done    sync.WaitGroup
	mu      sync.Mutex // protects the following
	gaps    []load.Span
	longest time.Duration
}

// Stop ends the watchers and returns when each of them was late, in no
// particular order, and the longest such time.
func (w *Watch) Stop() (gaps []load.Span, longest time.Duration) {
	w.stop.Store(true)
	w.done.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gaps, w.longest
}

// add takes over one watcher's notes.
func (w *Watch) add(gaps []load.Span) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaps = append(w.gaps, gaps...)
	for _, g := range gaps {
		w.longest = max(w.longest, g.To.Sub(g.From))
	}
}
