package store

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gogibson/gibson/bench/internal/proc"
	"github.com/gogibson/gibson/bench/internal/sample"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// Figures is what one store showed in a process of its own.
type Figures struct {
	RSSPerItem float64       // bytes, after a collection
	Insert     time.Duration // per new key, random order
	Get        time.Duration // per key, random order, value copied out
	GC         time.Duration // one full collection, median of five
	GetAllocs  float64       // per Get
	SetAllocs  float64       // per Set of a key that is there
}

// Measure fills a store of that kind with size and reads it. It must be the
// only thing that its process does.
func Measure(kind Kind, size Size, gets int) (_ Figures, err error) {
	family := workload.Users()
	size.KeySize = family.KeySize()
	key := family.Append(nil, 0)
	digits := key[len(family.Prefix):]
	value := workload.AppendValue(nil, 0, size.ValueSize)
	if err := warm(size.Items * warmPerItem); err != nil {
		return Figures{}, err
	}
	empty, err := resident()
	if err != nil {
		return Figures{}, err
	}
	s, err := kind.New(size)
	if err != nil {
		return Figures{}, fmt.Errorf("%s: %w", kind.Name, err)
	}
	defer func() {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}()
	var f Figures
	order := workload.NewShuffle(uint32(size.Items), 1)
	start := time.Now()
	for range size.Items {
		workload.PutDigits(digits, order.Next())
		if err := s.Set(key, value); err != nil {
			return Figures{}, fmt.Errorf("%s: %w", kind.Name, err)
		}
	}
	f.Insert = time.Since(start) / time.Duration(size.Items)
	full, err := resident()
	if err != nil {
		return Figures{}, err
	}
	f.RSSPerItem = float64(full-empty) / float64(size.Items)
	if f.Get, err = timeGets(s, key, digits, size, gets); err != nil {
		return Figures{}, fmt.Errorf("%s: %w", kind.Name, err)
	}
	var collections []time.Duration
	for range 5 {
		start := time.Now()
		runtime.GC()
		collections = append(collections, time.Since(start))
	}
	f.GC = sample.Median(collections)
	f.GetAllocs, f.SetAllocs = allocations(s, key, digits, size)
	return f, nil
}

// warmPerItem is more than any of the stores takes for an item of the usual
// size, in bytes.
const warmPerItem = 400

// timeGets reads random keys. About ten nanoseconds of each are for choosing
// and rendering the key.
func timeGets(s Store, key, digits []byte, size Size, gets int) (time.Duration, error) {
	choice, buf := workload.NewUniform(uint32(size.Items), 2), make([]byte, 0, size.ValueSize)
	start := time.Now()
	for range gets {
		workload.PutDigits(digits, choice.Next())
		v, ok := s.Get(buf[:0], key)
		if !ok || len(v) != size.ValueSize {
			return 0, fmt.Errorf("get of %s: %d bytes, %t: it does not hold what was stored", key, len(v), ok)
		}
	}
	return time.Since(start) / time.Duration(gets), nil
}

// allocations counts those of Get and of Set on items that are there.
func allocations(s Store, key, digits []byte, size Size) (get, set float64) {
	const runs = 10_000
	value, buf := workload.AppendValue(nil, 0, size.ValueSize), make([]byte, 0, size.ValueSize)
	choice := workload.NewUniform(uint32(size.Items), 3)
	count := func(do func()) float64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			workload.PutDigits(digits, choice.Next())
			do()
		}
		runtime.ReadMemStats(&after)
		return float64(after.Mallocs-before.Mallocs) / runs
	}
	get = count(func() { _, _ = s.Get(buf[:0], key) })
	set = count(func() { _ = s.Set(key, value) })
	return get, set
}

// resident returns the bytes that the process holds once the garbage is gone
// and its memory given back.
func resident() (int64, error) {
	runtime.GC()
	debug.FreeOSMemory()
	u, err := proc.Read(0)
	return u.RSS, err
}
