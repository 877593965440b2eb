package snapshot_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/snapshot"
)

// million returns a cache with 1M items: keys of 25 bytes and values of 100
// that look like what is cached, each with a life.
func million(b *testing.B) *cache.Cache {
	b.Helper()
	c, err := cache.New(&cache.Options{MaxMemory: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	for i := range 1_000_000 {
		key := fmt.Sprintf("app:user:%08d:profile", i)
		val := fmt.Sprintf(`{"id":%8d,"name":"user %08d","mail":"%016x@example.com","roles":["reader","writer"]}....`, i, i, uint64(i)*0x9e3779b97f4a7c15)
		if err := c.Set(key, []byte(val)[:100], time.Hour); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// dump writes all items of c.
func dump(b *testing.B, c *cache.Cache, name string) snapshot.Totals {
	b.Helper()
	totals, err := snapshot.Save(snapshot.Disk{}, name, time.Now(), func(w *snapshot.Writer) error { return w.AddAll(b.Context(), c.Export(), func(int64) {}) })
	if err != nil || totals.Items != 1_000_000 {
		b.Fatalf("%+v, %v", totals, err)
	}
	return totals
}

// BenchmarkSave writes a snapshot of 1M items.
func BenchmarkSave(b *testing.B) {
	c := million(b)
	name := filepath.Join(b.TempDir(), "f")
	var totals snapshot.Totals
	for b.Loop() {
		totals = dump(b, c, name)
	}
	b.ReportMetric(float64(totals.Size), "file-bytes")
}

// BenchmarkLoad reads it into an empty cache.
func BenchmarkLoad(b *testing.B) {
	name := filepath.Join(b.TempDir(), "f")
	dump(b, million(b), name)
	for b.Loop() {
		c, err := cache.New(&cache.Options{MaxMemory: 1 << 30})
		if err != nil {
			b.Fatal(err)
		}
		n := int64(0)
		if _, err := snapshot.Load(snapshot.Disk{}, name, func(records []cache.Record) error {
			done, err := c.Import(records)
			n += done.Items
			return err
		}); err != nil || n != 1_000_000 {
			b.Fatalf("%d items, %v", n, err)
		}
		b.StopTimer()
		_ = c.Close()
		b.StartTimer()
	}
}
