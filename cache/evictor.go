package cache

import (
	"hash/maphash"
	"math/rand/v2"
	"sync/atomic"
)

// evictor is what the policies EvictLFU and EvictLRU know about the use of
// items: evict.go decides with it. It keeps nothing, and uses cost nothing,
// until a good part of the limit is taken (Cache.watch).
//
// An item itself has 10 bits for it (item.go). Time is counted in epochs, each
// of which is over when 1/32 of the items could have been used: seconds are too
// coarse for a cache that turns over within one. 8 of the bits are for the epoch
// of the last use, and come round after 256 epochs; that it was not the latest
// one with these bits shows in the second of the use, which the item has, too,
// unless all of them passed within that second.
//
// What readers of the cache change is atomic.
type evictor struct {
	on    bool
	lfu   bool // the policy is EvictLFU; the others have neither sketch nor window
	seed  maphash.Seed
	rng   *rand.Rand
	epoch atomic.Uint32
	began [epochs]atomic.Uint32 // when the latest epoch with these bits began, unix seconds
	uses  atomic.Int64          // how often items were used or made
	turn  atomic.Int64          // the number of uses at which the next epoch begins
	made  int64                 // how many uses made an item

	sketch  *sketch
	spare   []uint64 // ready for the next sketch, all zero; see wantsSpare
	window  window
	waiting int // items that have flagWindow, those that wait for reclaim included
	climber climber

	capacity  int      // how many items the limit lets in, as it looked at the start
	items     int      // how many there are; see tend
	candidate prospect // buffers of evict.go
	victim    prospect
	sampled   prospect
	second    prospect // the last sample's best that stayed, its key only
}

const (
	epochsPerItems = 32
	// leastItems is the number of items that a sketch is made for at least.
	leastItems = 64
	// windowChunks is about how many chunks of the window a cache full of keys
	// would fill.
	windowChunks = 512
	leastChunk   = 1 << 10
	mostChunk    = 64 << 10
)

func (e *evictor) init(set *settings) {
	e.lfu = set.Eviction == EvictLFU
	e.seed = maphash.MakeSeed()
	e.rng = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	e.window.chunk = int(min(max(set.MaxMemory/windowChunks, leastChunk), mostChunk))
}

// start begins to watch the use of items. capacity is how many items the limit
// lets in, as far as can be told, and items how many there are.
func (e *evictor) start(capacity, items int) {
	e.on = true
	e.items, e.capacity = items, capacity
	e.turn.Store(e.uses.Load() + e.step())
	if e.lfu {
		e.sketch = newSketch(max(capacity, leastItems), e.takeSpare())
		e.climber = newClimber(e.uses.Load(), e.made)
	}
}

// stop ends that. Who waits in the window goes on waiting.
func (e *evictor) stop() {
	e.on = false
	e.sketch, e.spare = nil, nil
}

// takeSpare returns what is ready, which is then no longer.
func (e *evictor) takeSpare() []uint64 {
	spare := e.spare
	e.spare = nil
	return spare
}

// step returns how many uses an epoch has.
func (e *evictor) step() int64 { return int64(max(e.items, e.capacity)/epochsPerItems + 1) }

// count counts a use and begins a new epoch if it is time. A reader that sees
// the epoch before the second of its beginning takes the one 256 before: the
// item looks as it would without that second.
func (e *evictor) count(unix uint32) {
	n := e.uses.Add(1)
	if turn := e.turn.Load(); n >= turn && e.turn.CompareAndSwap(turn, n+e.step()) {
		e.began[e.epoch.Add(1)%epochs].Store(unix)
	} else if began := &e.began[e.epoch.Load()%epochs]; unix < began.Load() {
		began.Store(unix) // the wall clock was set back
	}
}

// age returns in how many epochs before the present one the item was used last,
// the oldest for all that are older.
func (e *evictor) age(it item) uint32 {
	stamp := it.epoch()
	if it.accessed() < e.began[stamp].Load() {
		return epochs - 1
	}
	return (e.epoch.Load() - stamp) % epochs
}

// use notes that an item was read or changed.
func (c *Cache) use(key []byte, it item, now instant) {
	it.touch(now.unix)
	if c.evictor.on {
		c.evictor.hit(key, it, now)
	}
}

func (e *evictor) hit(key []byte, it item, now instant) {
	e.count(now.unix)
	it.mark(e.epoch.Load())
	if e.lfu {
		e.sketch.add(e.hash(key))
	}
}

// renew is hit for an item that is about to be replaced and returns the bits
// of useMask for the one that takes its place.
func (e *evictor) renew(key []byte, old item, now instant) uint32 {
	if e.on {
		e.hit(key, old, now)
	}
	return old.use()
}

// admit notes that an item is made and returns its bits of useMask. The use of
// items must be watched.
func (e *evictor) admit(key []byte, now instant) uint32 {
	e.made++
	e.count(now.unix)
	use := e.epoch.Load() << epochShift & epochMask
	if e.lfu {
		e.sketch.add(e.hash(key))
		e.window.push(key)
		e.waiting++
		use |= flagWindow
	}
	return use
}

func (e *evictor) hash(key []byte) uint64 { return maphash.Bytes(e.seed, key) }

// tend does what has to be done now and then, a little of it. It reports whether
// the memory that e takes is another now.
func (e *evictor) tend(items int) (resized bool) {
	e.items = items
	if !e.lfu {
		return false
	}
	size := e.sketch.bytes()
	if s := e.sketch; s.outgrown(items) && (s.growsTo(2*items) < spareLeast || items > 4*s.items) {
		s.grow(2*items, nil) // items have become smaller, and faster than the background
	}
	e.sketch.age()
	e.climber.climb(e.uses.Load(), e.made, max(items, e.capacity))
	return e.sketch.bytes() != size
}

// room returns how many items the window may have, at least 1.
func (e *evictor) room() int { return max(1, int(e.climber.share*float64(e.items))) }

// bytes returns the memory that e takes.
func (e *evictor) bytes() int64 { return e.sketch.bytes() + bytesOf(e.spare) + e.window.size }
