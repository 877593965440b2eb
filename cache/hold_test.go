package cache

import (
	"fmt"
	"os"
	"runtime"
	"slices"
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
// the cache is locked, and that is told; who touches none has not.
func TestOnHoldTellsFaults(t *testing.T) {
	t.Parallel()
	const values, pages, idle = 32, 16, 1000
	var mu sync.Mutex
	var faults []int // of each batch
	c := open(t, Options{Compression: -1, OnHold: func(h Hold) {
		mu.Lock()
		defer mu.Unlock()
		if !h.Background {
			faults = append(faults, h.Faults)
		}
	}})
	for i := range values {
		set(t, c, fmt.Sprintf("x:%d", i), strings.Repeat("v", pages*os.Getpagesize()), 0)
	}
	for range idle {
		b, err := c.Begin()
		if err != nil {
			t.Fatal(err)
		}
		b.End()
	}
	mu.Lock()
	defer mu.Unlock()
	if len(faults) != values+idle {
		t.Fatalf("%d batches were told, want %d", len(faults), values+idle)
	}
	sum := 0
	for _, n := range faults[:values] {
		sum += n
	}
	// The Go heap may have touched before what it hands out.
	if known := runtime.GOOS == "linux"; !known && sum > 0 || known && OffHeap && sum < values*pages/2 {
		t.Errorf("%d values of %d pages each had %d page faults", values, pages, sum)
	}
	if without := len(slices.DeleteFunc(faults[values:], func(n int) bool { return n > 0 })); without < idle/2 {
		t.Errorf("only %d of %d batches that did nothing had no page fault", without, idle)
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
