package radix

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The load of these benchmarks is a million keys of 25 bytes with records of
// 112 bytes: a value of 100 and 12 for what a cache notes about it.
const (
	benchItems  = 1_000_000
	benchRecord = 112
)

// benchKeys are the keys in random order, one after the other.
func benchKeys(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	order := r.Perm(n)
	keys := make([]byte, 0, 25*n)
	for _, i := range order {
		keys = fmt.Appendf(keys, "app:user:%08d:profile", i)
	}
	return keys
}

func benchTree(b *testing.B, keys []byte) *Tree {
	b.Helper()
	t, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(t.Close)
	for i := 0; i < len(keys); i += 25 {
		rec, err := t.Put(keys[i:i+25], benchRecord)
		if err != nil {
			b.Fatal(err)
		}
		clear(rec)
	}
	return t
}

func BenchmarkFind(b *testing.B) {
	keys := benchKeys(benchItems)
	t := benchTree(b, benchKeys(benchItems))
	r := rand.New(rand.NewPCG(3, 4))
	order := make([]int32, 1<<20)
	for i := range order {
		order[i] = int32(r.IntN(benchItems)) * 25
	}
	b.ReportMetric(float64(t.Memory().Held)/benchItems, "held/item")
	b.ReportAllocs()
	i := 0
	var sum byte
	defer reportCPU(b)()
	for b.Loop() {
		k := order[i&(len(order)-1)]
		rec := t.Find(keys[k : k+25])
		for j := 0; j < len(rec); j += 64 {
			sum += rec[j]
		}
		i++
	}
	sink = sum
}

var sink byte

func BenchmarkInsert(b *testing.B) {
	keys := benchKeys(benchItems)
	b.ReportAllocs()
	b.ResetTimer()
	defer reportCPU(b)()
	for n := 0; n < b.N; n += benchItems {
		benchTree(b, keys[:25*min(benchItems, b.N-n)])
	}
}

func BenchmarkInsertAscending(b *testing.B) {
	keys := make([]byte, 0, 25*benchItems)
	for i := range benchItems {
		keys = fmt.Appendf(keys, "app:user:%08d:profile", i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	defer reportCPU(b)()
	for n := 0; n < b.N; n += benchItems {
		benchTree(b, keys[:25*min(benchItems, b.N-n)])
	}
}

// BenchmarkPutRun is BenchmarkInsertAscending by PutRun.
func BenchmarkPutRun(b *testing.B) {
	keys := make([]byte, 0, 25*benchItems)
	for i := range benchItems {
		keys = fmt.Appendf(keys, "app:user:%08d:profile", i)
	}
	rec := make([]byte, benchRecord)
	b.ReportAllocs()
	b.ResetTimer()
	defer reportCPU(b)()
	for n := 0; n < b.N; n += benchItems {
		t := benchTree(b, nil)
		_, err := t.PutRun(nil, rec, func(yield func([]byte) bool) {
			for i := 0; i < min(benchItems, b.N-n) && yield(keys[25*i:25*i+25]); i++ {
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOverwrite(b *testing.B) {
	keys := benchKeys(benchItems)
	t := benchTree(b, keys)
	b.ReportAllocs()
	defer reportCPU(b)()
	i := 0
	for b.Loop() {
		k := i % benchItems * 25
		if _, err := t.Put(keys[k:k+25], benchRecord); err != nil {
			b.Fatal(err)
		}
		i += 7919
	}
}

func BenchmarkDeleteInsert(b *testing.B) {
	keys := benchKeys(benchItems)
	t := benchTree(b, keys)
	b.ReportAllocs()
	defer reportCPU(b)()
	i := 0
	for b.Loop() {
		k := i % benchItems * 25
		t.Delete(keys[k : k+25])
		if _, err := t.Put(keys[k:k+25], benchRecord); err != nil {
			b.Fatal(err)
		}
		i += 7919
	}
}

func BenchmarkCount(b *testing.B) {
	t := benchTree(b, benchKeys(benchItems))
	for _, prefix := range []string{"app:", "app:user:0012", "app:user:001234"} {
		b.Run(prefix, func(b *testing.B) {
			b.ReportAllocs()
			p := []byte(prefix)
			for b.Loop() {
				t.Count(p)
			}
		})
	}
}

func BenchmarkWalkNth(b *testing.B) {
	t := benchTree(b, benchKeys(benchItems))
	r := rand.New(rand.NewPCG(3, 4))
	var buf []byte
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		buf, _ = nth(t, r.IntN(benchItems), buf[:0])
	}
}

func BenchmarkWalk10k(b *testing.B) {
	t := benchTree(b, benchKeys(benchItems))
	r := rand.New(rand.NewPCG(3, 4))
	b.ReportAllocs()
	defer reportCPU(b)()
	n := 0
	for b.Loop() {
		prefix := fmt.Appendf(nil, "app:user:00%02d", r.IntN(100))
		t.Walk(prefix, nil, func(_, rec []byte) bool { n += len(rec); return true })
	}
}

func BenchmarkDetachReclaim(b *testing.B) {
	keys := benchKeys(benchItems)
	b.ResetTimer()
	b.ReportAllocs()
	for n := 0; n < b.N; n += benchItems {
		b.StopTimer()
		t := benchTree(b, keys[:25*min(benchItems, b.N-n)])
		b.StartTimer()
		t.Detach([]byte("app:user:00"))
		for t.Reclaim(1000, nil) {
		}
	}
}

// BenchmarkFindTouched is BenchmarkFind with the keys of each 16 touched
// before.
func BenchmarkFindTouched(b *testing.B) {
	keys := benchKeys(benchItems)
	t := benchTree(b, keys)
	r := rand.New(rand.NewPCG(3, 4))
	batch := make([][]byte, 16)
	b.ReportAllocs()
	b.ResetTimer()
	defer reportCPU(b)()
	n := 0
	for n < b.N {
		for i := range batch {
			k := r.IntN(benchItems) * 25
			batch[i] = keys[k : k+25]
		}
		t.Touch(batch)
		for _, key := range batch {
			for j, rec := 0, t.Find(key); j < len(rec); j += 64 {
				sink += rec[j]
			}
			n++
		}
	}
}
