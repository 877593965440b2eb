package cache

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// eventually waits until ok, for as long as that may take.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
		<-time.After(time.Millisecond)
	}
}

// TestSetMaxMemory lowers the limit of a full cache that is in use, and raises
// it again.
func TestSetMaxMemory(t *testing.T) {
	t.Parallel()
	const most, less = 1 << 20, 256 << 10
	value := bytes.Repeat([]byte("v"), 200)
	for _, policy := range []Eviction{EvictLFU, EvictLRU} {
		c := open(t, Options{MaxMemory: most, Eviction: policy})
		set := func(from, to int) {
			t.Helper()
			for i := from; i < to; i++ {
				if err := c.Set(fmt.Sprintf("k%06d", i), value, Forever); err != nil {
					t.Fatal(err)
				}
			}
		}
		set(0, 7000)
		full := stats(t, c)
		// Others go on meanwhile.
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, _, err := c.Get("k000001"); err != nil {
					t.Error(err)
				}
				_ = c.Options()
			}
		})
		if err := c.SetMaxMemory(less); err != nil {
			t.Fatal(err)
		}
		eventually(t, "memory below the new limit", func() bool { return stats(t, c).MemoryUsed <= less })
		close(stop)
		wg.Wait()
		shrunk := stats(t, c)
		if shrunk.MemoryUsable != less || c.Options().MaxMemory != less {
			t.Errorf("%v: the limit is %d, want %d", policy, shrunk.MemoryUsable, less)
		}
		// It does not go far below, and every item that went was evicted.
		if shrunk.MemoryUsed < less*3/4 || full.Items-shrunk.Items != shrunk.EvictedItems-full.EvictedItems {
			t.Errorf("%v: from %+v to %+v", policy, full, shrunk)
		}
		set(0, 700)
		if st := stats(t, c); st.MemoryUsed > less {
			t.Errorf("%v: %d bytes used at a limit of %d", policy, st.MemoryUsed, less)
		}
		if err := c.SetMaxMemory(0); err != nil {
			t.Fatal(err)
		}
		set(0, 7000)
		if st := stats(t, c); st.MemoryUsed < less*2 || st.MemoryUsable != most {
			t.Errorf("%v: %d bytes of %d used after the limit was raised", policy, st.MemoryUsed, st.MemoryUsable)
		}
	}
}

// TestSetMaxMemoryOfQuietCache lowers the limit of a cache that was never full
// enough to watch how its items are used.
func TestSetMaxMemoryOfQuietCache(t *testing.T) {
	t.Parallel()
	for _, policy := range []Eviction{EvictLFU, EvictLRU} {
		const limit = 256 << 10
		c := open(t, Options{MaxMemory: 64 << 20, Eviction: policy})
		for i := range 3000 {
			if err := c.Set(fmt.Sprintf("k%06d", i), bytes.Repeat([]byte("v"), 200), Forever); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.SetMaxMemory(limit); err != nil {
			t.Fatal(err)
		}
		eventually(t, "memory below the new limit", func() bool { return stats(t, c).MemoryUsed <= limit })
		if n := stats(t, c).Items; n == 0 {
			t.Errorf("%v: nothing is left", policy)
		}
	}
}

// TestSetMaxMemoryWithoutEviction lowers the limit where no item goes for it.
func TestSetMaxMemoryWithoutEviction(t *testing.T) {
	t.Parallel()
	for _, policy := range []Eviction{EvictNone, EvictGCRatio} {
		c, _ := withClock(t, Options{MaxMemory: 1 << 20, Eviction: policy})
		for i := range 100 {
			key := fmt.Sprintf("k%03d", i)
			if err := c.Set(key, bytes.Repeat([]byte("v"), 1000), Forever); err != nil {
				t.Fatal(err)
			}
			if ok, err := c.Lock(key, Forever); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		if err := c.SetMaxMemory(50 << 10); err != nil {
			t.Fatal(err)
		}
		eventually(t, "end of the attempt", func() bool {
			c.mu.RLock()
			defer c.mu.RUnlock()
			return !c.shrinking
		})
		if n := stats(t, c).Items; n != 100 {
			t.Errorf("%v: %d items, want all", policy, n)
		}
		if err := c.Set("new", []byte("v"), Forever); !errors.Is(err, ErrMemoryLimit) {
			t.Errorf("%v: Set gave %v, want ErrMemoryLimit", policy, err)
		}
	}
}

// TestSetMaxMemoryCollects lets a lowered limit start the policy gc_ratio.
func TestSetMaxMemoryCollects(t *testing.T) {
	t.Parallel()
	c := open(t, Options{MaxMemory: 1 << 20, Eviction: EvictGCRatio, GCRatio: time.Second, GCInterval: time.Hour, Compression: -1})
	if err := c.Set("k", bytes.Repeat([]byte("v"), 1<<19), Forever); err != nil {
		t.Fatal(err)
	}
	eventually(t, "collection", func() bool {
		if err := c.SetMaxMemory(1 << 18); err != nil {
			t.Fatal(err)
		}
		return stats(t, c).Items == 0
	})
}

func TestSetMaxMemoryFails(t *testing.T) {
	t.Parallel()
	c, err := New(&Options{MaxMemory: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []int64{-1, 1<<20 + 1} {
		if err := c.SetMaxMemory(bad); err == nil || !strings.Contains(err.Error(), "want 0 to 1048576 bytes") {
			t.Errorf("%d: %v", bad, err)
		}
	}
	if n := c.Options().MaxMemory; n != 1<<20 {
		t.Errorf("the limit is %d after errors", n)
	}
	c.Close()
	if err := c.SetMaxMemory(1); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
