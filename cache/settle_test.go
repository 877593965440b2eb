package cache

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// TestManyEndsAtOnce: a command on a family that comes when very many lives end
// at one moment lets others use the cache while they are removed, and sees none
// of them.
func TestManyEndsAtOnce(t *testing.T) {
	t.Parallel()
	count := func(n int64, err error) string { return fmt.Sprint(n, err) }
	none := count(0, nil)
	for name, test := range map[string]struct {
		command func(c *Cache) string
		want    string
	}{
		"Count":   {func(c *Cache) string { return count(c.Count("x:")) }, none},
		"MSet":    {func(c *Cache) string { return count(c.MSet("x:", []byte("v"))) }, none},
		"MTTL":    {func(c *Cache) string { return count(c.MTTL("x:", time.Hour)) }, none},
		"MDelete": {func(c *Cache) string { return count(c.MDelete("x:")) }, none},
		"MInc":    {func(c *Cache) string { return count(c.MInc("x:")) }, none},
		"MDec":    {func(c *Cache) string { return count(c.MDec("x:")) }, none},
		"MLock":   {func(c *Cache) string { return count(c.MLock("x:", time.Hour)) }, none},
		"MUnlock": {func(c *Cache) string { return count(c.MUnlock("x:")) }, none},
		"Keys": {func(c *Cache) string {
			keys, err := c.Keys("x:")
			for key := range keys {
				return key
			}
			return fmt.Sprint(err)
		}, "<nil>"},
		"MGet": {func(c *Cache) string {
			items, err := c.MGet("x:", 0)
			for key := range items {
				return key
			}
			return fmt.Sprint(err)
		}, "<nil>"},
		"Weigh": {func(c *Cache) string {
			items, bytes, err := c.Weigh("x:")
			return fmt.Sprint(items, bytes, err)
		}, "0 0 <nil>"},
		"Ascend": {func(c *Cache) string {
			for key := range c.Ascend("x:", "") {
				return key
			}
			return "none"
		}, "none"},
		"Stats": {func(c *Cache) string {
			s, err := c.Stats()
			return fmt.Sprint(s.Items, s.ExpiredItems, err)
		}, fmt.Sprint(1, 10*settleWork, nil)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var holds atomic.Int64
			c, clock := withClock(t, Options{OnHold: func(Hold) { holds.Add(1) }})
			for i := range 10 * settleWork {
				set(t, c, fmt.Sprintf("x:%d", i), "1", time.Second)
			}
			set(t, c, "other", "1", 0)
			clock.advance(time.Second)
			before := holds.Load()
			if got := test.command(c); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if n := holds.Load() - before; n < 8 {
				t.Errorf("the cache was locked %d times, want one for each %d items", n, settleWork)
			}
		})
	}
}

// TestEndsDoNotOutrun: where nothing but batches of SETs with a life runs, items
// go as fast as they come.
func TestEndsDoNotOutrun(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(b *Batch, key []byte) error{
		"Set": func(b *Batch, key []byte) error { return b.Set(1, key, []byte("v")) },
		"TTL": func(b *Batch, key []byte) error {
			if err := b.Set(0, key, []byte("v")); err != nil {
				return err
			}
			return b.TTL(key, 1, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const batch, perSecond = 128, 100
			c, clock := withClock(t, Options{})
			for i := range 4 * perSecond {
				clock.advance(time.Second / perSecond)
				do(t, c, func(b *Batch) {
					for j := range batch {
						if err := begin(b, fmt.Appendf(nil, "%d:%d", i, j)); err != nil {
							t.Fatal(err)
						}
					}
				})
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if n := c.tree.Len(); n > batch*(perSecond+10) {
				t.Errorf("%d items are in memory, %d live", n, batch*perSecond)
			}
		})
	}
}

// TestEndedItemsMakeRoom: what is over is not in the way of a SET or an Import,
// however much it is, where nothing is evicted.
func TestEndedItemsMakeRoom(t *testing.T) {
	t.Parallel()
	const items = 300
	c, clock := withClock(t, Options{Eviction: EvictNone, MaxItems: items})
	fill := func() {
		t.Helper()
		for i := range items {
			set(t, c, fmt.Sprintf("old:%d", i), "v", time.Second)
		}
		clock.advance(time.Second)
	}
	fill()
	do(t, c, func(b *Batch) {
		for i := range items {
			if full := b.Full(); full || b.Set(0, fmt.Appendf(nil, "new:%d", i), []byte("v")) != nil {
				t.Fatalf("SET %d of %d: full %v", i+1, items, full)
			}
		}
		if !b.Full() {
			t.Error("there is room for more than MaxItems")
		}
	})
	if _, err := c.MDelete("new:"); err != nil {
		t.Fatal(err)
	}
	fill()
	var records []Record
	for i := range items {
		records = append(records, Record{Key: fmt.Appendf(nil, "new:%d", i), Data: []byte("v")})
	}
	if n, err := c.Import(records); err != nil || n.Items != items {
		t.Errorf("Import: %+v, %v", n, err)
	}
}
