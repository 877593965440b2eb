package gibson

import (
	"fmt"
	"time"
)

// PoolStat is a snapshot of a pool's state and counters.
type PoolStat struct {
	Size    int // connections, those being made included
	Free    int // of them, those not in use
	InUse   int // of them, those acquired
	MaxSize int // of PoolOptions
	Waiting int // calls of Acquire that have not returned yet

	Acquired int64         // how often a connection was acquired so far
	Waited   int64         // of these, how often that took waiting or connecting
	WaitTime time.Duration // how long that took, all together
	Canceled int64         // how often the context ended before
}

// Stat returns the pool's state.
func (p *PoolOf[T]) Stat() PoolStat {
	st := p.puddle.Stat()
	return PoolStat{
		Size:     int(st.TotalResources()),
		Free:     int(st.IdleResources()),
		InUse:    int(st.AcquiredResources()),
		MaxSize:  int(st.MaxResources()),
		Waiting:  int(p.waiting.Load()),
		Acquired: st.AcquireCount(),
		Waited:   st.EmptyAcquireCount(),
		WaitTime: st.EmptyAcquireWaitTime(),
		Canceled: st.CanceledAcquireCount(),
	}
}

// Size returns the number of connections, in use or not.
func (p *PoolOf[T]) Size() int { return p.Stat().Size }

// FreeSize returns the number of connections not in use.
func (p *PoolOf[T]) FreeSize() int { return p.Stat().Free }

// AcquireError says that a context ended before a pool had a connection to
// hand out, and how the pool was doing then.
type AcquireError struct {
	Size    int   // connections
	InUse   int   // of them, those acquired
	MaxSize int   // the most there may be
	Waiting int   // others who were waiting too
	Err     error // the context's error
}

// Error names the figures.
func (e *AcquireError) Error() string {
	return fmt.Sprintf("gibson: no connection from the pool: %v (%d of at most %d made, %d in use, %d others waiting)",
		e.Err, e.Size, e.MaxSize, e.InUse, e.Waiting)
}

// Unwrap returns the context's error.
func (e *AcquireError) Unwrap() error { return e.Err }
