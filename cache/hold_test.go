package cache

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestOnHold: every batch is told once, and so is the work in the background,
// with the processor time where the system has it.
func TestOnHold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var batches, steps int
		var cpu int64
		var cache atomic.Pointer[Cache]
		c := open(t, Options{OnHold: func(h Hold) {
			if c := cache.Load(); c != nil {
				if _, _, err := c.Get("x:0"); err != nil {
					t.Error(err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if h.Start.IsZero() || h.Wall < 0 || h.CPU < 0 {
				t.Errorf("impossible hold: %+v", h)
			}
			cpu += int64(h.CPU)
			if h.Background {
				steps++
			} else {
				batches++
			}
		}})
		cache.Store(c)
		synctest.Wait()
		const items = 10 * tidyWork
		for i := range items {
			set(t, c, fmt.Sprintf("x:%d", i), "v", 0)
		}
		synctest.Wait()
		mu.Lock()
		before := steps
		mu.Unlock()
		if _, err := c.MDelete("x:"); err != nil {
			t.Fatal(err)
		}
		// In the bubble the background is done before the clock goes on.
		waitForReclaim(c)
		mu.Lock()
		defer mu.Unlock()
		if batches != items+1 || steps-before < items/tidyWork {
			t.Errorf("%d batches and %d steps were told, want %d, and %d or more", batches, steps-before, items+1, items/tidyWork)
		}
		if known := runtime.GOOS == "linux"; known != (cpu > 0) {
			t.Errorf("the holds took %d ns of processor time", cpu)
		}
	})
}

// TestOnHoldTellsFaults: memory that nobody has touched yet has to be found while
// the cache is locked, and that is told; memory that is there has not.
func TestOnHoldTellsFaults(t *testing.T) {
	t.Parallel()
	var faults, least atomic.Int64
	least.Store(math.MaxInt64)
	c := open(t, Options{OnHold: func(h Hold) {
		faults.Add(int64(h.Faults))
		least.Store(min(least.Load(), int64(h.Faults)))
	}})
	const pages = 16
	for i := range 32 {
		set(t, c, fmt.Sprintf("x:%d", i), strings.Repeat("v", pages*os.Getpagesize()), 0)
	}
	// The Go heap may have touched before what it hands out.
	if known := runtime.GOOS == "linux"; !known && faults.Load() > 0 || known && OffHeap && faults.Load() == 0 {
		t.Errorf("%d faults were told", faults.Load())
	}
	for range 1000 {
		if _, _, err := c.Get("x:1"); err != nil {
			t.Fatal(err)
		}
	}
	if least.Load() != 0 {
		t.Errorf("at least %d pages had to be found for each call", least.Load())
	}
}

// TestOnHoldDoesNotKeepBackground: what a call is told may take as long as it
// likes; the background goroutine was roused before.
func TestOnHoldDoesNotKeepBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const slow = time.Minute
		var deleted atomic.Bool
		var stepped atomic.Int64 // when the background worked after the deletion
		c := open(t, Options{OnHold: func(h Hold) {
			switch {
			case !deleted.Load():
			case h.Background:
				stepped.CompareAndSwap(0, time.Now().UnixNano())
			default:
				time.Sleep(slow)
			}
		}})
		for i := range 10 * tidyWork {
			set(t, c, fmt.Sprintf("x:%d", i), "v", 0)
		}
		synctest.Wait()
		deleted.Store(true)
		began := time.Now()
		if _, err := c.MDelete("x:"); err != nil {
			t.Fatal(err)
		}
		if at := stepped.Load(); at == 0 || at >= began.Add(slow).UnixNano() {
			t.Errorf("the background began %v after the deletion, want before its caller goes on", time.Duration(at-began.UnixNano()))
		}
	})
}

// waitForReclaim lets the clock of the bubble go on until nothing waits.
func waitForReclaim(c *Cache) {
	for {
		synctest.Wait()
		if _, _, detached := held(c); !detached {
			return
		}
		time.Sleep(helpedBack)
	}
}

// TestOnHoldOfOverhead: that the background takes the lock to note the overhead is
// told like its other work.
func TestOnHoldOfOverhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var holds, asked atomic.Int64
		open(t, Options{
			Overhead: func(int64) int64 { asked.Add(1); return 0 },
			OnHold:   func(Hold) { holds.Add(1) },
		})
		synctest.Wait()
		// One for each answer, one for the work that follows it.
		if holds, asked := holds.Load(), asked.Load(); holds != 2*asked || asked == 0 {
			t.Errorf("asked %d times, and told of %d holds", asked, holds)
		}
	})
}
