package cache

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// benchItems is small enough for a smoke run and too large for the processor's
// caches.
const benchItems = 200_000

func benchKey(i int) string { return fmt.Sprintf("app:user:%08d:profile", i) }

// loaded returns a cache of benchItems items of 25 + 100 bytes, and their keys
// in random order.
func loaded(b *testing.B, ttl time.Duration) (*Cache, []string) {
	b.Helper()
	c := open(b, Options{})
	val := make([]byte, 100)
	keys := make([]string, benchItems)
	for i, n := range rand.New(rand.NewPCG(1, 2)).Perm(benchItems) {
		keys[i] = benchKey(n)
		set(b, c, keys[i], string(val), ttl)
	}
	b.ReportAllocs()
	b.ResetTimer()
	return c, keys
}

func BenchmarkGetInto(b *testing.B) {
	c, keys := loaded(b, 0)
	buf := make([]byte, 0, 128)
	for i := 0; b.Loop(); i++ {
		buf, _, _ = c.GetInto(buf[:0], keys[i%benchItems])
	}
}

func BenchmarkGetIntoParallel(b *testing.B) {
	c, keys := loaded(b, 0)
	b.RunParallel(func(pb *testing.PB) {
		buf := make([]byte, 0, 128)
		for i := rand.IntN(benchItems); pb.Next(); i++ {
			buf, _, _ = c.GetInto(buf[:0], keys[i%benchItems])
		}
	})
}

func BenchmarkSetExisting(b *testing.B) {
	for _, ttl := range []time.Duration{0, time.Hour} {
		b.Run(fmt.Sprint("ttl=", ttl), func(b *testing.B) {
			c, keys := loaded(b, ttl)
			val := make([]byte, 100)
			for i := 0; b.Loop(); i++ {
				if err := c.Set(keys[i%benchItems], val, ttl); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSetNew(b *testing.B) {
	c, _ := loaded(b, 0)
	val := make([]byte, 100)
	var key []byte
	for i := 0; b.Loop(); i++ {
		key = fmt.Appendf(key[:0], "new:%08d", i%benchItems)
		batch, err := c.Begin()
		if err != nil {
			b.Fatal(err)
		}
		if err := batch.Set(0, key, val); err != nil {
			b.Fatal(err)
		}
		batch.End()
	}
}

// BenchmarkBatch is 16 GETs under one lock, as a pipelining client sends them;
// the figure is for one GET.
func BenchmarkBatch(b *testing.B) {
	c, keys := loaded(b, 0)
	raw := make([][]byte, len(keys))
	for i, k := range keys {
		raw[i] = []byte(k)
	}
	var batch *Batch
	for i := 0; b.Loop(); i++ {
		if i%16 == 0 {
			if batch != nil {
				batch.End()
			}
			batch, _ = c.Begin()
		}
		if _, err := batch.Get(raw[i%benchItems]); err != nil {
			b.Fatal(err)
		}
	}
	batch.End()
}

func BenchmarkCount(b *testing.B) {
	c, _ := loaded(b, time.Hour)
	for b.Loop() {
		if n, err := c.Count("app:"); n != benchItems || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkFamily is one prefix command on 10000 items.
func BenchmarkFamily(b *testing.B) {
	for name, fn := range map[string]func(c *Cache, i int) (int64, error){
		"MTTL":    func(c *Cache, i int) (int64, error) { return c.MTTL("app:user:0001", time.Duration(1+i%2)*time.Hour) },
		"MLock":   func(c *Cache, _ int) (int64, error) { return c.MLock("app:user:0001", 0) },
		"MUnlock": func(c *Cache, _ int) (int64, error) { return c.MUnlock("app:user:0001") },
		"MSet":    func(c *Cache, i int) (int64, error) { return c.MSet("app:user:0001", make([]byte, 100+i%2)) },
		"MGet": func(c *Cache, _ int) (int64, error) {
			batch, err := c.Begin()
			if err != nil {
				return 0, err
			}
			defer batch.End()
			return batch.Walk([]byte("app:user:0001"), 0, true, func([]byte, Value) bool { return true }), nil
		},
	} {
		b.Run(name, func(b *testing.B) {
			c, _ := loaded(b, 0)
			for i := 0; b.Loop(); i++ {
				if n, err := fn(c, i); n != 10000 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// BenchmarkMDelete is a family of 100 items: set, and deleted at once.
func BenchmarkMDelete(b *testing.B) {
	c, _ := loaded(b, 0)
	val := make([]byte, 100)
	keys := make([]string, 100)
	for i := range keys {
		keys[i] = fmt.Sprint("family:", i)
	}
	for b.Loop() {
		for _, key := range keys {
			if err := c.Set(key, val, 0); err != nil {
				b.Fatal(err)
			}
		}
		if n, err := c.MDelete("family:"); n != 100 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkExpiry is one item's whole life: set, and removed at its deadline.
func BenchmarkExpiry(b *testing.B) {
	c, clock := withClock(b, Options{})
	val := make([]byte, 100)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			clock.advance(100 * time.Millisecond)
		}
		if err := c.Set(benchKey(i%benchItems), val, time.Second); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSetEvicting stores new items in a full cache: each costs another one
// its place.
func BenchmarkSetEvicting(b *testing.B) {
	for _, policy := range []Eviction{EvictLFU, EvictLRU} {
		b.Run(policy.String(), func(b *testing.B) {
			const items = 200_000
			c := open(b, Options{MaxItems: items, Eviction: policy})
			var key []byte
			val := make([]byte, 100)
			store := func(i int) {
				key = fmt.Appendf(key[:0], "app:user:%08d:profile", i*7919%100_000_000)
				batch, err := c.Begin()
				if err != nil {
					b.Fatal(err)
				}
				if err := batch.Set(0, key, val); err != nil {
					b.Fatal(err)
				}
				batch.End()
			}
			n := 0
			for ; n < items; n++ {
				store(n)
			}
			b.ReportAllocs()
			for b.Loop() {
				store(n)
				n++
			}
		})
	}
}

// BenchmarkFamilyLocks locks and unlocks a family of 10,000 out of a million items.
func BenchmarkFamilyLocks(b *testing.B) {
	c, err := New(&Options{MaxMemory: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	val := make([]byte, 100)
	for i := range 1_000_000 {
		if err := c.Set(fmt.Sprintf("app:user:%08d:profile", i), val, 0); err != nil {
			b.Fatal(err)
		}
	}
	const family = "app:user:0042"
	lock := func() (int64, error) { return c.MLock(family, time.Hour) }
	unlock := func() (int64, error) { return c.MUnlock(family) }
	for _, bench := range []struct {
		name      string
		run, rest func() (int64, error) // what is timed, and what is not
	}{
		{"MLock", lock, unlock},
		{"MUnlock", unlock, lock},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				_, _ = bench.rest()
				b.StartTimer()
				if n, err := bench.run(); n != 10_000 || err != nil {
					b.Fatal(n, err)
				}
			}
			_, _ = unlock()
		})
	}
}
