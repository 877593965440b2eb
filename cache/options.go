package cache

import (
	"fmt"
	"math"
	"time"

	"github.com/gogibson/gibson/internal/machine"
	"github.com/gogibson/gibson/internal/radix"
)

// OffHeap says that items lie outside the Go heap, as they do on 64-bit Linux
// and macOS. Elsewhere they are large slices in it, without pointers.
const OffHeap = radix.OffHeap

// Options configures a Cache. The zero value of a field means its default. A
// bad value makes New fail; nothing is clamped silently. New copies the
// struct.
type Options struct {
	// MaxMemory bounds what the cache takes, in bytes, at most 20 GiB. 0 means
	// 1 GiB, but at most half of the machine's memory or of the memory that the
	// process's control group may use, where either can be told. Two buffers in
	// which values are compressed and decompressed are not counted. In a batch each
	// grows to the longest value that needs it. Between batches 256 KiB stay; while
	// longer values come, as much as values of 4 MiB or 1/128 of MaxMemory need,
	// whichever is less, but not with a Clock of your own.
	MaxMemory int64
	// Overhead returns how many bytes the program takes beside the cache that
	// count against MaxMemory, for a program that is there for its cache. One
	// goroutine asks about once a second, ten times once half of MaxMemory is
	// taken, and never with the cache locked. At most half of MaxMemory counts.
	// own is how many bytes of the Go heap are the cache's, Stats.MemoryHeap, and
	// not to be counted here.
	// nil means none: then MaxMemory is for the cache alone.
	Overhead func(own int64) int64
	// MaxItems is a limit on the number of items, beside MaxMemory and dealt
	// with in the same way. 0 means that there is none.
	MaxItems int64
	// MaxItemTTL is the longest life that an item may be given; a longer one
	// is cut to it. A fraction of a second counts as a whole one. 0 means 30
	// days.
	MaxItemTTL time.Duration
	// MaxKeySize is the length of the longest key or prefix, in bytes, at most
	// 16 MiB. 0 means 1 KiB.
	MaxKeySize int
	// MaxValueSize is the length of the longest value, in bytes, at most
	// 1 GiB. 0 means 2096127.
	MaxValueSize int
	// Compression is the length in bytes above which a value is stored
	// compressed, if that makes it smaller. 0 means 4096, -1 that nothing is
	// compressed.
	Compression int
	// Eviction says what happens at the memory limit. The zero value is
	// EvictLFU.
	Eviction Eviction
	// GCRatio is for EvictGCRatio: while the memory limit is reached, items
	// that nobody read or changed for this long are removed. Fractions of a
	// second are dropped. 0 means 15 minutes.
	GCRatio time.Duration
	// GCInterval is for EvictGCRatio: how often the memory is compared with
	// the limit. 0 means 15 seconds.
	GCInterval time.Duration
	// OnRemove, unless nil, is told which items went by themselves: it is called
	// once for each item that is evicted or whose life is over, with its key,
	// and once for each MDelete that removed something, with the prefix. Delete,
	// Set and the like are no events, nor is Close.
	//
	// One goroutine makes all calls, one after the other, in the order in which
	// things happened and soon after, not at that very moment: the key may be
	// there again. No lock is held, so OnRemove may use the cache, but it must
	// not call Close, which waits for it. A queue of 65536 events, or fewer with
	// 16 MiB of keys, lies between: when it is full because OnRemove is slow,
	// events are dropped and Stats.DroppedEvents counts them. Close reports what
	// is left in the queue and returns after the last call. An item whose life
	// is over is reported when its memory is given back, which is at most a
	// moment later, but with a Clock of your own only when commands run.
	OnRemove func(key string, cause Cause)
	// OnHold, unless nil, is told for how long each Batch, and each step of work
	// in the background, kept the cache from all others. The goroutine that had
	// the lock calls it afterwards, so there may be several calls at once. OnHold
	// may use the cache, but a Batch of its own is told as well. It is for
	// measurements: the clock and the thread's processor time and page faults are
	// read twice for each call. Methods that lock for reading, Export and
	// SetMaxMemory are not told.
	OnHold func(Hold)
	// Clock is where the cache reads the time, nil means the system's clock.
	// With a clock of your own the cache cannot know when to wake up: what is
	// due is then removed by the commands that follow, not in the background.
	// What commands answer is the same either way.
	Clock Clock
}

// Eviction is what a Cache does when it reaches its memory limit.
type Eviction uint8

// The ways to deal with the memory limit.
const (
	// EvictLFU makes room for a new value by removing items that are seldom
	// used, and of these the ones used longest ago. It adapts itself to how
	// much newcomers are worth. Items whose life is over go first, locked ones
	// when a search finds no other. The item that is stored is never removed
	// for itself, and how many are is bounded by its size.
	EvictLFU Eviction = iota
	// EvictLRU makes room by removing items that were not used for long.
	// Beyond that it is as EvictLFU.
	EvictLRU
	// EvictGCRatio refuses new values while the limit is reached, and every
	// Options.GCInterval removes the items that nobody used for
	// Options.GCRatio. This is what the original server does.
	EvictGCRatio
	// EvictNone refuses new values while the limit is reached. Lives and locks
	// can still be given then, as with EvictGCRatio: about 64 bytes for a life and
	// 103 for a lock beyond the limit, 40 by MLock, for keys of up to 28 bytes.
	EvictNone
)

// String returns the name of e as gibson.conf spells it.
func (e Eviction) String() string {
	switch e {
	case EvictLFU:
		return "lfu"
	case EvictLRU:
		return "lru"
	case EvictGCRatio:
		return "gc_ratio"
	case EvictNone:
		return "none"
	}
	return fmt.Sprintf("Eviction(%d)", uint8(e))
}

// evicts reports whether e makes room for new values.
func (e Eviction) evicts() bool { return e == EvictLFU || e == EvictLRU }

// Defaults and bounds of Options.
const (
	defaultMaxMemory    = 1 << 30
	defaultMaxItemTTL   = 2592000 * time.Second
	defaultMaxKeySize   = 1 << 10
	maxKeySize          = 16 << 20
	defaultMaxValueSize = 2096127
	maxValueSize        = 1 << 30
	defaultCompression  = 4 << 10
	defaultGCRatio      = 15 * time.Minute
	defaultGCInterval   = 15 * time.Second
)

// settings are Options with the defaults filled in.
type settings struct {
	Options
	maxTTL  int64 // MaxItemTTL in seconds
	gcRatio int64 // GCRatio in seconds
	ownTime bool  // Clock is the caller's

	available int64 // memory of the machine or control group, 0 if unknown
}

// resolve returns the settings that o stands for; o may be nil.
func (o *Options) resolve() (settings, error) {
	var s settings
	if o != nil {
		s.Options = *o
	}
	s.available = machine.Memory()
	s.ownTime = s.Clock != nil
	if s.Clock == nil {
		s.Clock = newSystemClock()
	}
	if s.MaxMemory == 0 {
		s.MaxMemory = defaultMaxMemory
		if s.available > 0 {
			s.MaxMemory = min(s.MaxMemory, s.available/2)
		}
	}
	setDefault(&s.MaxItemTTL, defaultMaxItemTTL)
	setDefault(&s.MaxKeySize, defaultMaxKeySize)
	setDefault(&s.MaxValueSize, defaultMaxValueSize)
	setDefault(&s.Compression, defaultCompression)
	setDefault(&s.GCRatio, defaultGCRatio)
	setDefault(&s.GCInterval, defaultGCInterval)
	s.maxTTL = ceilSeconds(s.MaxItemTTL)
	s.gcRatio = int64(s.GCRatio / time.Second)
	switch {
	case s.MaxMemory < 0 || s.MaxMemory > radix.MaxLimit:
		return s, badOption("MaxMemory", s.MaxMemory, "0 to 21474836480 bytes")
	case s.MaxItems < 0:
		return s, badOption("MaxItems", s.MaxItems, "0 or more")
	case s.MaxItemTTL < 0 || s.maxTTL > math.MaxUint32:
		return s, badOption("MaxItemTTL", s.MaxItemTTL, "0 to 4294967295s")
	case s.MaxKeySize < 0 || s.MaxKeySize > maxKeySize:
		return s, badOption("MaxKeySize", s.MaxKeySize, "0 to 16777216 bytes")
	case s.MaxValueSize < 0 || s.MaxValueSize > maxValueSize:
		return s, badOption("MaxValueSize", s.MaxValueSize, "0 to 1073741824 bytes")
	case s.Compression < -1:
		return s, badOption("Compression", s.Compression, "bytes, 0 or more, or -1")
	case s.Eviction > EvictNone:
		return s, badOption("Eviction", s.Eviction, "one of the constants of this package")
	case s.GCRatio < time.Second:
		return s, badOption("GCRatio", s.GCRatio, "1s or more, or 0")
	case s.GCInterval < time.Millisecond:
		return s, badOption("GCInterval", s.GCInterval, "1ms or more, or 0")
	}
	return s, nil
}

func setDefault[T comparable](field *T, def T) {
	var zero T
	if *field == zero {
		*field = def
	}
}

func badOption(field string, have any, want string) error {
	return fmt.Errorf("gibson: cache: Options.%s is %v, want %s", field, have, want)
}

// Options returns the options in effect: those that New was given, with the
// defaults filled in and MaxMemory as SetMaxMemory has left it. Clock is the one
// the cache reads, the system's included.
func (c *Cache) Options() Options {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.set.Options
}
