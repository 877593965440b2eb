package cache

import (
	"math"
	"math/bits"
)

// wheel holds deadlines, of all items or of all locks of a cache, and finds those that are due without
// looking at the others: a hierarchical timing wheel.
//
// A deadline is a number of milliseconds, read as eleven digits of 6 bits.
// Level l of the wheel is a ring of 64 lists, one per value of digit l. A timer
// waits at the level of the highest digit in which its deadline differs from
// the wheel's time, in the list of its own digit:
//
//	wheel's time    … 02 17 09
//	deadline        … 02 17 33   differs in digit 0: level 0, list 33
//	deadline        … 02 40 05   differs in digit 1: level 1, list 40
//
// When the time comes to …02 40 00, list 40 of level 1 is taken apart: what it
// holds is due or moves to level 0, nearer to its end. A timer therefore moves
// at most ten times. A word of bits per level says which lists are not empty,
// so that the wheel jumps over idle time.
//
// Taking a list apart may be put off half-way (advance with a limit): the list
// stays open then, and the wheel's time stands still until it is empty.
type wheel struct {
	time   int64 // timers that are neither in the open list nor overdue end later
	open   int   // the list that is being taken apart, overdue if none is
	lists  [wheelLevels*wheelSlots + 1]uint32
	filled [wheelLevels]uint64 // bit s: list s of the level is not empty
	timers slab[timer]
	keys   keystore
	wake   int64 // not later than the time at which advance has work; see due
}

const (
	wheelBits   = 6
	wheelSlots  = 1 << wheelBits
	wheelLevels = 11                       // 66 bits, more than a deadline has
	overdue     = wheelLevels * wheelSlots // the list of timers that were late when they came
	never       = math.MaxInt64
)

// timer is one deadline: of an item, or of the locks that one command set.
// Timers are linked by their numbers in the slab. An item or lock owns its
// timer: the timer is released with its last owner, never by the wheel.
type timer struct {
	deadline   int64  // milliseconds
	note       uint32 // of an item: the seconds of its life; of locks: how many own the timer
	prev, next uint32 // in the list; 0 at its ends
	key        uint32 // first fragment of the item's key, or of the locks' prefix
	keyLen     uint32
	list       uint16 // where the timer waits, noList when it has rung
}

const noList = math.MaxUint16

// init sets the wheel's time, which must be done before anything is added.
func (w *wheel) init(now int64) {
	w.time = now
	w.open = overdue
	w.wake = never
}

// add starts a timer for key, which is copied, and returns its number.
func (w *wheel) add(key []byte, deadline int64, note uint32) uint32 {
	id := w.timers.take()
	*w.timers.at(id) = timer{
		deadline: deadline,
		note:     note,
		key:      w.keys.add(key),
		keyLen:   uint32(len(key)),
		list:     noList,
	}
	w.link(id)
	return id
}

// reset gives timer id a new deadline.
func (w *wheel) reset(id uint32, deadline int64, note uint32) {
	w.unlink(id)
	t := w.timers.at(id)
	t.deadline, t.note = deadline, note
	w.link(id)
}

// remove stops timer id and releases it.
func (w *wheel) remove(id uint32) {
	w.unlink(id)
	w.keys.remove(w.timers.at(id).key)
	w.timers.release(id)
}

// link puts timer id, which is in no list, where it belongs.
func (w *wheel) link(id uint32) {
	t := w.timers.at(id)
	list := overdue
	if t.deadline > w.time {
		level := (bits.Len64(uint64(t.deadline^w.time)) - 1) / wheelBits
		slot := int(t.deadline >> (level * wheelBits) % wheelSlots)
		w.filled[level] |= 1 << slot
		list = level*wheelSlots + slot
		w.wake = min(w.wake, t.deadline>>(level*wheelBits)<<(level*wheelBits))
	} else {
		w.wake = min(w.wake, w.time)
	}
	t.list = uint16(list)
	t.prev = 0
	t.next = w.lists[list]
	if t.next != 0 {
		w.timers.at(t.next).prev = id
	}
	w.lists[list] = id
}

// unlink takes timer id out of its list, if it is in one.
func (w *wheel) unlink(id uint32) {
	t := w.timers.at(id)
	if t.list == noList {
		return
	}
	if t.next != 0 {
		w.timers.at(t.next).prev = t.prev
	}
	if t.prev != 0 {
		w.timers.at(t.prev).next = t.next
	} else {
		w.lists[t.list] = t.next
		if t.next == 0 && t.list != overdue {
			w.filled[t.list/wheelSlots] &^= 1 << (t.list % wheelSlots)
		}
	}
	t.list = noList
}

// due reports whether advance may have something to do. It only reads.
func (w *wheel) due(now int64) bool { return w.wake <= now }

// advance turns the wheel to now and calls ring for every timer that is due,
// after taking it out of its list. It handles at most limit timers, those that
// only move included, and reports whether it got to the end. ring may add,
// reset and remove timers, the one that rings included.
func (w *wheel) advance(now int64, limit int, ring func(id uint32)) (done bool) {
	now = max(now, w.time)
	for w.wake <= now {
		for id := w.head(); id != 0; id = w.head() {
			if limit == 0 {
				return false
			}
			limit--
			w.unlink(id)
			if w.timers.at(id).deadline <= now {
				ring(id)
			} else {
				w.link(id)
			}
		}
		list, start := w.first()
		w.wake = start
		if start > now {
			break
		}
		w.time, w.open = start, list
	}
	// Nothing begins up to now, so the time may jump there: the digits of a
	// timer above its level still agree with the wheel's.
	w.time, w.open = now, overdue
	return true
}

// head returns the timer that comes next of those that are overdue and of the
// open list, 0 if there is none. Overdue ones may come while the open list is
// taken apart: ring may give a timer a time that is over.
func (w *wheel) head() uint32 {
	if id := w.lists[overdue]; id != 0 {
		return id
	}
	return w.lists[w.open]
}

// first returns the list whose span of time begins first and that time, never
// if all are empty. Levels are nested: whatever waits at a lower level is due
// before the current list of the next level ends.
func (w *wheel) first() (list int, start int64) {
	for level, filled := range w.filled {
		if filled == 0 {
			continue
		}
		shift := level * wheelBits
		slot := bits.TrailingZeros64(filled)
		// The digits above this level are those of the wheel's time.
		above := w.time >> shift &^ (wheelSlots - 1)
		return level*wheelSlots + slot, (above | int64(slot)) << shift
	}
	return overdue, never
}

// bytes returns the memory that the wheel takes.
func (w *wheel) bytes() int64 { return w.timers.bytes() + w.keys.fragments.bytes() }
