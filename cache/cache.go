package cache

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/gogibson/gibson/internal/radix"
	"github.com/gogibson/gibson/internal/value"
)

// Value is what an item holds: bytes, or a number after Inc, Dec, MInc or
// MDec.
type Value = value.Value

// Cache is the engine: an ordered map from keys to values with lives and
// locks. Make one with New and end it with Close. Its methods may be called by
// many goroutines at once.
type Cache struct {
	set  settings
	time timekeeper

	// Set once by New: how the background goroutine is told that there is
	// work, or that it must end, and how it is waited for.
	wake    chan struct{}
	quit    chan struct{}
	tidied  sync.WaitGroup // housekeep
	told    sync.WaitGroup // of removals
	closing sync.Once

	helped  atomic.Int64 // how many detached nodes batches gave back
	lacking atomic.Bool  // fillAhead has something to do

	// The background goroutine's own: whether nothing but detached memory is to
	// be done, and how often in a row it left that to batches.
	reclaims bool
	skips    int

	mostMemory int64 // what SetMaxMemory may set; set once by New

	// mu guards everything below. Get, GetInto, Value and Count hold it for
	// reading, which is enough to find an item and to touch it; everything
	// else holds it alone.
	mu        sync.RWMutex
	closed    bool
	tree      *radix.Tree // key to item
	locks     *radix.Tree // key to lock, for the items that are locked
	wheel     wheel       // when items end
	lockEnds  wheel       // when locks end
	ending    ending      // of the locks whose timer rings
	batch     Batch       // the one that Begin hands out
	squeeze   squeeze
	figures   figures
	memory    memory
	collector collector
	evictor   evictor
	removals  removals // has a lock of its own, too
	rung      []byte   // the key of the timer that rings
	aside     keyList
	stamps    []uint32 // access times from before the Walk that runs
	// detached says that families wait for tree.Reclaim.
	detached bool
	begun    uint64 // batches
	holding  holding
	met      uint64 // begun as tidy saw it last
	// planned is when the background goroutine will wake up by itself, in
	// milliseconds; 0 while it is awake.
	planned int64
	// shrinking says that SetMaxMemory may have left work for shrink.
	shrinking bool
}

// New returns an empty Cache. opts may be nil, which means the defaults. It
// fails if an option is bad or if the system has no memory.
func New(opts *Options) (*Cache, error) {
	set, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	c := &Cache{
		set:  set,
		wake: make(chan struct{}, 1),
		quit: make(chan struct{}),

		mostMemory: set.MaxMemory,
	}
	c.time.init(set.Clock)
	memory := radix.Options{Limit: set.MaxMemory}
	if c.tree, err = radix.New(memory); err != nil {
		return nil, fmt.Errorf("gibson: cache: %w", err)
	}
	if c.locks, err = radix.New(memory); err != nil {
		c.tree.Close()
		return nil, fmt.Errorf("gibson: cache: %w", err)
	}
	now := c.time.now()
	c.wheel.init(now.ms)
	c.lockEnds.init(now.ms)
	c.evictor.init(&c.set)
	c.collector.next = now.ms + set.GCInterval.Milliseconds()
	c.squeeze.limit = set.MaxValueSize
	c.changes()
	c.batch.c = c
	if set.OnRemove != nil {
		c.removals.fn = set.OnRemove
		c.removals.wake = make(chan struct{}, 1)
		c.told.Go(func() { c.removals.run(c.quit) })
	}
	c.tidied.Go(c.housekeep)
	return c, nil
}

// Close drops all items and gives their memory back. It waits for running
// calls, for an open Batch and for Options.OnRemove. Afterwards every method returns ErrClosed; Close
// itself may be called again and always returns nil.
func (c *Cache) Close() error {
	c.closing.Do(func() {
		c.mu.Lock()
		c.closed = true
		close(c.quit)
		c.mu.Unlock()
		// The background goroutine may be at work in the trees without the lock.
		c.tidied.Wait()
		c.mu.Lock()
		c.tree.Close()
		c.locks.Close()
		c.wheel, c.lockEnds, c.ending = wheel{}, wheel{}, ending{}
		c.squeeze = squeeze{}
		c.evictor = evictor{}
		c.mu.Unlock()
		c.told.Wait()
	})
	return nil
}

// Batch is the way in for callers that run many commands at once and want no
// copies: the commands of a batch share one acquisition of the cache's lock and
// one moment in time. Nothing else happens between them. Begin makes it.
//
// Keys and values are byte slices that the cache copies where it keeps them.
// Lives and locks are in seconds, as in the protocol. Errors are the bare
// sentinels of this package, so they may be compared with ==. Keys and values
// are not checked against the protocol or the limits, which is the caller's
// part; none makes the cache fail.
//
// A Batch is for one goroutine and must not be used after End.
type Batch struct {
	c   *Cache
	now instant
}

// beginWork is how much Begin does of what others left behind, so that a busy
// cache without idle time does not fall behind.
const beginWork = 64

// Begin locks the cache and returns the batch for commands, which must be
// ended with End. It returns ErrClosed after Close. It does not allocate.
func (c *Cache) Begin() (*Batch, error) { return c.beginFor(nil) }

// beginFor is Begin for a batch whose first command is one on key: the tree approaches
// it before the clock is read, so that the waits for both overlap. To remove items whose life
// is over may change the tree; the way is lost then, and looked for again. key may be nil.
func (c *Cache) beginFor(key []byte) (*Batch, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if c.set.OnHold != nil { // else it needs no call
		c.beginHold()
	}
	c.begun++
	if key != nil {
		c.tree.Approach(key)
	}
	b := &c.batch
	b.now = c.time.now()
	if c.wheel.due(b.now.ms) {
		c.expire(b.now.ms, beginWork)
	}
	if c.lockEnds.due(b.now.ms) {
		c.endLocks(b.now.ms, beginWork/endingRings)
	}
	if c.detached {
		c.reclaim(beginWork / 4)
		c.helped.Add(beginWork / 4)
	}
	if c.evictor.on && c.evictor.tend(c.tree.Len()) {
		c.changes()
	}
	if c.set.ownTime && b.now.ms >= c.collector.next {
		for c.collect(b.now) {
		}
	}
	return b, nil
}

// End unlocks the cache. What the batch returned is invalid from now on.
func (b *Batch) End() {
	c := b.c
	c.tree.Forget() // the key is the caller's again
	if c.squeeze.large() {
		c.squeeze.trim(b.now.ms, c.mostKept())
	}
	rouse := c.memory.unlooked > c.littleGrowth() && c.look() // before needsHelp
	rouse = c.needsHelp(b.now) || rouse
	c.unlockHeld(false, rouse)
}

// look looks at what follows from what the cache takes and reports whether the
// background goroutine is to be roused for it.
func (c *Cache) look() (rouse bool) {
	c.used() // for the peak, too
	c.dropSpare()
	c.memory.unlooked = 0
	if c.lacking.Load() || !c.wantsAhead() && c.wantsSpare() == 0 {
		return false
	}
	c.lacking.Store(true)
	return true
}
