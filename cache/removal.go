package cache

import (
	"fmt"
	"sync"
)

// Cause is why items went without being asked to by name.
type Cause uint8

// The causes of Options.OnRemove.
const (
	// CauseEvicted: the item went because the limit was reached.
	CauseEvicted Cause = iota + 1
	// CauseExpired: the item's life was over.
	CauseExpired
	// CauseFamilyDeleted: MDelete removed a family; the key is its prefix. There
	// is one event, however many items the family had.
	CauseFamilyDeleted
)

// String returns the name of the cause.
func (c Cause) String() string {
	switch c {
	case CauseEvicted:
		return "evicted"
	case CauseExpired:
		return "expired"
	case CauseFamilyDeleted:
		return "family deleted"
	}
	return fmt.Sprintf("Cause(%d)", uint8(c))
}

// removal is an event of Options.OnRemove.
type removal struct {
	key   string
	cause Cause
}

// removals is the queue of events that wait for Options.OnRemove, which a
// goroutine of its own calls. The cache never waits for that: events for which
// there is no room are dropped and counted.
type removals struct {
	fn   func(key string, cause Cause)
	wake chan struct{} // holds one token when there may be events

	mu      sync.Mutex
	queue   []removal
	bytes   int // of the keys in the queue
	dropped int64
}

// What the queue may hold.
const (
	removalEvents = 64 << 10
	removalBytes  = 16 << 20
)

// add queues an event. The cache is locked, so events are in the order in which
// they happened.
func (r *removals) add(key []byte, cause Cause) {
	if r.fn == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.queue); n == removalEvents || n > 0 && r.bytes+len(key) > removalBytes {
		r.dropped++
		return
	}
	r.queue = append(r.queue, removal{string(key), cause})
	r.bytes += len(key)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// lost returns how many events were dropped.
func (r *removals) lost() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// run reports events until quit is closed, and then those that are left.
func (r *removals) run(quit <-chan struct{}) {
	for {
		select {
		case <-r.wake:
			r.report()
		case <-quit:
			r.report()
			return
		}
	}
}

// report calls fn for what is in the queue now.
func (r *removals) report() {
	r.mu.Lock()
	queue := r.queue
	r.queue, r.bytes = nil, 0
	r.mu.Unlock()
	for _, e := range queue {
		r.fn(e.key, e.cause)
	}
}
