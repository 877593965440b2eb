package cache

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestAllocationFailures runs random commands while the allocator refuses now
// and then, as a system does that has no more memory. A command on one key that
// it hits answers ErrMemoryLimit and has changed nothing, and what only gives memory back does not fail;
// what prefix commands did not get to is as it was; no invariant is broken.
func TestAllocationFailures(t *testing.T) {
	t.Parallel()
	for _, eviction := range []Eviction{EvictNone, EvictLFU} {
		t.Run(eviction.String(), func(t *testing.T) {
			t.Parallel()
			opts := Options{Eviction: eviction, Compression: 100}
			if eviction.evicts() {
				opts.MaxItems = 150
			}
			c, clock := withClock(t, opts)
			r := rand.New(rand.NewPCG(3, uint64(eviction)))
			failures, hit := 0, map[string]int{}
			for range 4000 {
				clock.advance(modelPause(r) / 4)
				after := r.IntN(4)
				deny := func(int) bool { after--; return after < 0 }
				if r.IntN(2) == 0 {
					deny = nil
				}
				b, err := c.Begin()
				if err != nil {
					t.Fatal(err)
				}
				before := allItems(b)
				c.tree.Deny(deny)
				c.locks.Deny(deny)
				name, single, err := failingCommand(b, r)
				c.tree.Deny(nil)
				c.locks.Deny(nil)
				if deny != nil && errors.Is(err, ErrMemoryLimit) {
					failures++
					hit[name]++
					if name == "MDelete" || name == "Delete" || name == "Unlock" || name == "MUnlock" {
						t.Errorf("%s: %v, though it only gives memory back", name, err)
					}
					if after := allItems(b); single && eviction == EvictNone && after != before {
						t.Errorf("%s failed and changed\n%s\nto\n%s", name, before, after)
					}
				}
				if err := c.check(); err != nil {
					t.Fatalf("after %s: %v", name, err)
				}
				b.End()
				if t.Failed() {
					return
				}
			}
			t.Logf("%d commands failed: %v", failures, hit)
			for _, name := range []string{"Set", "Inc", "Lock", "MLock"} {
				if hit[name] == 0 {
					t.Errorf("no %s failed", name)
				}
			}
		})
	}
}

// allItems returns the cache's items as a text, access times apart.
func allItems(b *Batch) string {
	var s strings.Builder
	b.settle()
	b.c.tree.Walk(nil, nil, func(key, rec []byte) bool {
		it := item(rec)
		l, locked := b.c.lockOf(key, it, b.now)
		life := int64(0)
		if id := it.timer(); id != 0 {
			life = b.c.wheel.timers.at(id).deadline
		}
		fmt.Fprintf(&s, "%q=%x enc %d created %d ends %d locked %v %d\n", key, it.value(), it.encoding(), it.created(), life, locked, l.seconds)
		return true
	})
	return s.String()
}

// failingCommand runs a random command and says whether it is one on a single
// key.
func failingCommand(b *Batch, r *rand.Rand) (name string, single bool, err error) {
	key := []byte(modelKey(r))
	seconds := int64(r.IntN(int(time.Minute/time.Second)) - 5)
	text := []byte(modelText(r))
	switch r.IntN(20) {
	default:
		return "Set", true, b.Set(seconds, key, text)
	case 0, 1:
		_, err = b.Inc(key)
		return "Inc", true, err
	case 2:
		return "Delete", true, b.Delete(key)
	case 3, 4:
		return "TTL", true, b.TTL(key, seconds, true)
	case 5, 6:
		return "Lock", true, b.Lock(key, seconds, true)
	case 7:
		return "Unlock", true, b.Unlock(key)
	case 8:
		_, err = b.MSet(key, text)
		return "MSet", false, err
	case 9:
		_, err = b.MTTL(key, seconds)
		return "MTTL", false, err
	case 10:
		_, err = b.MInc(key)
		return "MInc", false, err
	case 11:
		_, err = b.MLock(key, seconds)
		return "MLock", false, err
	case 12:
		_, err = b.MUnlock(key)
		return "MUnlock", false, err
	case 13:
		_, err = b.MDelete(key)
		return "MDelete", false, err
	case 14:
		_, err = b.Get(key)
		return "Get", true, err
	}
}
