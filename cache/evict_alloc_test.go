//go:build !race

package cache

// Not with the race detector, which makes a sync.Pool forget what it holds.

import "testing"

// TestEvictionAllocatesNothing: in a full cache, SET of a new item is as free of
// garbage as in one that has room.
func TestEvictionAllocatesNothing(t *testing.T) {
	for _, policy := range evicting {
		c, _ := withClock(t, Options{MaxItems: 1000, Eviction: policy})
		key, val := []byte("key:000000"), []byte("value")
		store := func() {
			for i := len(key) - 1; ; i-- {
				if key[i]++; key[i] <= '9' {
					break
				}
				key[i] = '0'
			}
			b, err := c.Begin()
			if err != nil {
				t.Fatal(err)
			}
			_ = b.Set(0, key, val)
			_, _ = b.Get(key)
			b.End()
		}
		for range 20_000 {
			store()
		}
		if n := testing.AllocsPerRun(1000, store); n != 0 {
			t.Errorf("%v: SET at the limit allocates %v times", policy, n)
		}
	}
}
