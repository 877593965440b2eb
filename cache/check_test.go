package cache

import (
	"bytes"
	"fmt"
)

// check tests what must hold between commands, with the cache locked.
func (c *Cache) check() error {
	if err := c.tree.Check(); err != nil {
		return err
	}
	if err := c.locks.Check(); err != nil {
		return fmt.Errorf("locks: %w", err)
	}
	if err := c.wheel.check(); err != nil {
		return err
	}
	if err := c.lockEnds.check(); err != nil {
		return fmt.Errorf("locks: %w", err)
	}
	far := c.farFromLimits(0) // by estimate, if it was not added up
	used := c.used()
	c.memory.grown = unknown
	if now := c.used(); now != used {
		return fmt.Errorf("the cache takes %d bytes and thinks it takes %d", now, used)
	}
	if d := (demand{}); far && c.exceeds(&d) {
		return fmt.Errorf("the cache takes %d bytes and %d are held: far from the limits, and too much", used, c.memory.nowHeld)
	}
	var (
		err    error
		timers int
		locks  int
		packed int64
		fresh  int
		sum    [2]int64
		owners = map[uint32]uint32{} // of the timers of locks
	)
	c.tree.Walk(nil, nil, func(key, rec []byte) bool {
		it := item(rec)
		if id := it.timer(); id != 0 {
			timers++
			t := c.wheel.timers.at(id)
			if got := c.wheel.keys.appendTo(nil, t.key, int(t.keyLen)); !bytes.Equal(got, key) {
				err = fmt.Errorf("item %q has a timer of %q", key, got)
			}
		}
		if it.locked() {
			locks++
			rec := c.locks.Find(key)
			if rec == nil {
				err = fmt.Errorf("item %q is locked but not among the locks", key)
			} else if l := decodeLock(rec); (l.timer == 0) != (l.deadline == never) {
				err = fmt.Errorf("the lock of %q ends at %d, its timer is %d", key, l.deadline, l.timer)
			} else if l.timer != 0 {
				owners[l.timer]++
				t := c.lockEnds.timers.at(l.timer)
				if got := c.lockEnds.keys.appendTo(nil, t.key, int(t.keyLen)); !bytes.HasPrefix(key, got) || t.deadline != l.deadline {
					err = fmt.Errorf("the lock of %q ends at %d, its timer is for %q at %d", key, l.deadline, got, t.deadline)
				}
				if e := &c.ending; e.timer == l.timer && bytes.Compare(key, e.from) < 0 {
					err = fmt.Errorf("the lock of %q was passed over: its timer goes on at %q", key, e.from)
				}
			}
		}
		if it.fresh() {
			fresh++
		}
		if it.encoding() == compressed {
			packed++
			sum[0] += int64(len(it.value()))
			sum[1] += unpackedSize(it)
		}
		return err == nil
	})
	for id, n := range owners {
		if t := c.lockEnds.timers.at(id); err == nil && t.note != n {
			err = fmt.Errorf("a timer of locks has %d owners, counted %d", n, t.note)
		}
	}
	switch f := &c.figures; {
	case err != nil:
		return err
	case len(owners) != c.lockEnds.timers.live:
		return fmt.Errorf("%d timers of locks in use, %d exist", len(owners), c.lockEnds.timers.live)
	case locks != c.locks.Len():
		return fmt.Errorf("%d items are locked, there are %d locks", locks, c.locks.Len())
	case c.detached:
		return nil // what was detached still counts
	case fresh != c.evictor.waiting:
		return fmt.Errorf("%d items are in the window, counted %d", fresh, c.evictor.waiting)
	case timers != c.wheel.timers.live:
		return fmt.Errorf("%d timers in use, %d exist", timers, c.wheel.timers.live)
	case packed != f.packed || sum != [2]int64{f.packedBytes, f.openedBytes}:
		return fmt.Errorf("compressed items: %d of %d bytes, counted %d of %d %d",
			packed, sum, f.packed, f.packedBytes, f.openedBytes)
	}
	return nil
}

// check tests the lists of the wheel.
func (w *wheel) check() error {
	for list, id := range w.lists {
		if list < overdue {
			level, slot := list/wheelSlots, list%wheelSlots
			if filled := w.filled[level]>>slot&1 == 1; filled != (id != 0) {
				return fmt.Errorf("wheel: list %d.%d: bit is %v, first timer is %d", level, slot, filled, id)
			}
		}
		for prev := uint32(0); id != 0; {
			t := w.timers.at(id)
			if int(t.list) != list || t.prev != prev {
				return fmt.Errorf("wheel: timer %d is in list %d behind %d, says %d behind %d", id, list, prev, t.list, t.prev)
			}
			if t.deadline < w.wake {
				return fmt.Errorf("wheel: timer %d is due at %d, the wheel wakes at %d", id, t.deadline, w.wake)
			}
			prev, id = id, t.next
		}
	}
	return nil
}
