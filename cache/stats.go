package cache

// Stats are the figures of a Cache at one moment: the engine's part of the
// STATS command (docs/protocol.md).
type Stats struct {
	Items           int64 // live items
	CompressedItems int64 // items stored compressed; deleted families count until their memory is given back
	FirstItemSeen   int64 // unix seconds of the first item ever stored, 0 before it
	LastItemSeen    int64 // unix seconds of the last item stored, 0 before it
	CronDone        int64 // rounds of background work

	// The item allocator's slots: Used ≤ Capacity ≤ Total.
	ItemPoolUsed       int64 // slots taken
	ItemPoolCapacity   int64 // slots held
	ItemPoolTotal      int64 // the most that were ever held
	ItemPoolObjectSize int64 // bytes of a slot
	ItemPoolMaxBlock   int64 // bytes of the largest block that can be handed out

	MemoryAvailable int64 // bytes the machine or control group has, 0 if unknown
	MemoryUsable    int64 // Options.MaxMemory
	MemoryUsed      int64 // bytes taken
	MemoryPeak      int64 // the highest MemoryUsed so far
	MemoryPayload   int64 // the part of MemoryUsed that is keys and values, as Weigh has it
	MemoryOverhead  int64 // the rest of it
	MemoryHeld      int64 // what the system has given for MemoryUsed, as far as is known
	MemoryHeap      int64 // bytes of the Go heap: what TTLs and eviction need, and the items and holes if not OffHeap
	MemoryOther     int64 // what Options.Overhead said last, as far as it counts

	EvictedItems  int64 // items that went because of the limit, ever
	ExpiredItems  int64 // items that went because their life was over, ever
	DroppedEvents int64 // events that Options.OnRemove did not get

	ItemSizeAvg        int64 // MemoryUsed per item, 0 without items
	CompressionRateAvg int64 // percent that compression saves of the values it was used on, 0 without any
}

// figures is what Stats needs that cannot be looked up.
type figures struct {
	first, last uint32 // unix seconds
	packed      int64  // compressed items
	packedBytes int64  // of their values, as stored
	openedBytes int64  // of their values, decompressed
	rounds      int64
	evicted     int64
	expired     int64
}

// stored notes that an item was made.
func (f *figures) stored(now instant) {
	if f.first == 0 {
		f.first = now.unix
	}
	f.last = now.unix
}

// account adds (sign 1) or takes away (sign −1) an item's part in the figures.
func (c *Cache) account(it item, sign int64) {
	if it.encoding() != compressed {
		return
	}
	c.figures.packed += sign
	c.figures.packedBytes += sign * int64(len(it.value()))
	c.figures.openedBytes += sign * unpackedSize(it)
}

// slotSize is the unit in which the item allocator hands out memory.
const slotSize = 8

// Stats returns the figures.
func (b *Batch) Stats() Stats {
	b.settle()
	c := b.c
	used := c.used() // which brings the peaks up to date
	m := c.tree.Memory()
	s := Stats{
		Items:              int64(c.tree.Len()),
		CompressedItems:    c.figures.packed,
		FirstItemSeen:      int64(c.figures.first),
		LastItemSeen:       int64(c.figures.last),
		CronDone:           c.figures.rounds,
		ItemPoolUsed:       m.Used / slotSize,
		ItemPoolCapacity:   m.Held / slotSize,
		ItemPoolTotal:      max(c.memory.held, m.Held) / slotSize,
		ItemPoolObjectSize: slotSize,
		ItemPoolMaxBlock:   m.Block,
		MemoryAvailable:    c.set.available,
		MemoryUsable:       c.set.MaxMemory,
		MemoryUsed:         used,
		MemoryPeak:         c.memory.peak,
		MemoryPayload:      m.Payload - headerSize*int64(c.tree.Len()),
		MemoryHeld:         c.memory.nowHeld,
		MemoryHeap:         c.heap(),
		MemoryOther:        c.memory.others,
		EvictedItems:       c.figures.evicted,
		ExpiredItems:       c.figures.expired,
		DroppedEvents:      c.removals.lost(),
	}
	s.MemoryOverhead = s.MemoryUsed - s.MemoryPayload
	if s.Items > 0 {
		s.ItemSizeAvg = s.MemoryUsed / s.Items
	}
	if f := &c.figures; f.openedBytes > 0 {
		s.CompressionRateAvg = 100 * (f.openedBytes - f.packedBytes) / f.openedBytes
	}
	return s
}

// Stats returns the figures of the cache. It fails with ErrClosed only.
func (c *Cache) Stats() (Stats, error) {
	b, err := c.beginSettled()
	if err != nil {
		return Stats{}, err
	}
	defer b.End()
	return b.Stats(), nil
}
