package cache

import (
	"fmt"
	"testing"
	"time"
)

// TestAgesDoNotComeRound: an item that was not used for as many epochs as its
// stamp can count, or twice as many, is older than all others and not new.
func TestAgesDoNotComeRound(t *testing.T) {
	t.Parallel()
	for _, turned := range []int{epochs - 1, epochs, epochs + 3, 2 * epochs, 2*epochs + 1} {
		t.Run(fmt.Sprint(turned), func(t *testing.T) {
			t.Parallel()
			const items = sampleRun // a sample always sees the last of them
			var gone []string
			removed := make(chan struct{})
			c, clock := withClock(t, Options{MaxItems: items, Eviction: EvictLRU, OnRemove: func(key string, _ Cause) {
				gone = append(gone, key)
				close(removed)
			}})
			set(t, c, "old", "v", 0)
			for i := range items - 1 {
				set(t, c, fmt.Sprintf("new:%d", i), "v", 0)
			}
			epoch := c.evictor.epoch.Load()
			for i := 0; c.evictor.epoch.Load() < epoch+uint32(turned); i++ {
				clock.advance(100 * time.Millisecond)
				if _, ok, err := c.Get(fmt.Sprintf("new:%d", i%(items-1))); !ok || err != nil {
					t.Fatal(ok, err)
				}
			}
			if age := c.evictor.age(item(c.tree.Find([]byte("old")))); age != epochs-1 {
				t.Errorf("the age of the old item is %d, want %d", age, epochs-1)
			}
			set(t, c, "more", "v", 0)
			<-removed
			if len(gone) != 1 || gone[0] != "old" {
				t.Errorf("%q went, want the old item", gone)
			}
		})
	}
}
