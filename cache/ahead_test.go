package cache

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gogibson/gibson/internal/radix"
)

// TestMemoryIsFilledAhead: the background goroutine gets the memory that comes
// next before a command has to wait for it, but none above the limit.
func TestMemoryIsFilledAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{MaxMemory: 1 << 30, Eviction: EvictNone})
		items := 0
		grow := func(n int) {
			for range n {
				items++
				switch err := c.Set(fmt.Sprintf("key:%d", items), []byte(strings.Repeat("v", 200)), 0); {
				case errors.Is(err, ErrMemoryLimit):
					t.Skip("there are no huge pages here")
				case err != nil:
					t.Fatal(err)
				}
			}
			synctest.Wait() // for the goroutine
		}
		held := func() int64 { return c.tree.Memory().Held }
		for items < 60_000 {
			// It is not looked at after each item.
			if grow(100); !c.tree.WantsAhead() {
				continue
			}
			if grow(100); c.tree.WantsAhead() {
				t.Fatalf("after %d items and %d bytes memory is still wanted", items, held())
			}
		}
		if err := c.SetMaxMemory(held() + radix.AheadBytes/2); err != nil {
			t.Fatal(err)
		}
		for last := held(); !c.tree.WantsAhead(); {
			if grow(100); held() >= last+radix.AheadBytes {
				t.Fatalf("%d bytes are held, the limit is %d", held(), last+radix.AheadBytes/2)
			}
		}
	})
}
