package cache

import (
	"math/bits"
	"sync/atomic"
)

// sketch estimates how often keys were used lately: a count-min sketch of
// 4-bit counters that are halved now and then (G. Einziger, R. Friedman,
// B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM
// Transactions on Storage, 2017). Of the four counters of a key each is in its
// own quarter of one block of 64 bytes, so that a look costs one cache miss:
//
//	block of a key   | 32 counters | 32 counters | 32 counters | 32 counters |
//	                      ^ hash        ^ hash>>5     ^ hash>>10    ^ hash>>15
//
// Readers of the cache add beside each other: an addition that loses against
// another one is dropped. What is not add or estimate needs the sketch for
// itself.
type sketch struct {
	words []uint64     // blockWords for each block
	items int          // the number of items that it was made for
	adds  atomic.Int64 // additions, halved with the counters
	aged  int          // words from here on are still to be halved
	old   []uint64     // after grow: words from moved on are not in words yet
	moved int
}

const (
	blockWords = 8
	maxCount   = 15
	// agingPeriod is how many additions for each item make the counters halve.
	agingPeriod = 20
	// agingStep is how many words are halved at once: never a stall.
	agingStep = 16 * blockWords
)

// A sketch that grows has a multiple of the blocks, so that each of the old
// ones is followed by its own copies:
//
//	old      | a     | b     | c     |
//	words    | a | a | b | b | c | c |
//
// and every key finds its counters again. They are copied a few at a time; a
// key whose block was not yet copied uses the old one.

// newSketch returns a sketch for that many items, in which no key was used. It
// lies in spare, which must be zero, if that has about the right size.
func newSketch(items int, spare []uint64) *sketch {
	s := &sketch{words: spare, items: items}
	if n := sketchWords(items); !fits(spare, n) {
		s.words = make([]uint64, n)
	}
	s.aged = len(s.words)
	return s
}

// sketchWords returns the size of a sketch for that many items: a word, which is
// 16 counters, for each, in whole blocks.
func sketchWords(items int) int { return (items/blockWords + 1) * blockWords }

// block returns the block of a key.
func (s *sketch) block(hash uint64) []uint64 {
	if s.old != nil {
		i, _ := bits.Mul64(hash, uint64(len(s.old)/blockWords))
		if i *= blockWords; i >= uint64(s.moved) {
			return s.old[i : i+blockWords]
		}
	}
	i, _ := bits.Mul64(hash, uint64(len(s.words)/blockWords))
	return s.words[i*blockWords : (i+1)*blockWords]
}

// counter returns where the q-th counter of a key is: a word of its block, and
// the counter's distance from the word's lowest bit.
func counter(hash uint64, q int) (word, shift int) {
	i := int(hash >> (5 * q) & 31)
	return 2*q + i>>4, i & 15 * 4
}

// estimate returns about how often the key of that hash was used, at most 15.
func (s *sketch) estimate(hash uint64) int {
	b := s.block(hash)
	least := uint64(maxCount)
	for q := range 4 {
		w, shift := counter(hash, q)
		least = min(least, atomic.LoadUint64(&b[w])>>shift&maxCount)
	}
	return int(least)
}

// add notes that the key of that hash was used. Only those of its counters
// grow that are the lowest: the others count other keys.
func (s *sketch) add(hash uint64) {
	b := s.block(hash)
	least := uint64(s.estimate(hash))
	if least == maxCount {
		return
	}
	for q := range 4 {
		w, shift := counter(hash, q)
		if old := atomic.LoadUint64(&b[w]); old>>shift&maxCount == least {
			atomic.CompareAndSwapUint64(&b[w], old, old+1<<shift)
		}
	}
	s.adds.Add(1)
}

// outgrown reports whether the sketch is to grow for that many items.
func (s *sketch) outgrown(items int) bool { return s.old == nil && items > 2*s.items }

// growsTo returns how many words grow needs for that many items.
func (s *sketch) growsTo(items int) int {
	return (items + s.items - 1) / s.items * len(s.words)
}

// grow makes a sketch for that many items or more, in small steps of age. One
// that grows already must get there first. It lies in spare, which must be zero, if
// that has about the right size.
func (s *sketch) grow(items int, spare []uint64) {
	if s.old != nil {
		return
	}
	n := s.growsTo(items)
	factor := n / len(s.words)
	s.old, s.moved = s.words, 0
	if len(spare) >= n && fits(spare, n) {
		factor = len(spare) / len(s.old)
		s.words = spare[:factor*len(s.old)]
	} else {
		s.words = make([]uint64, n)
	}
	s.aged = len(s.words)
	s.items *= factor
}

// move copies the next blocks of a sketch that grows.
func (s *sketch) move() {
	factor := len(s.words) / len(s.old)
	for end := min(s.moved+agingStep, len(s.old)); s.moved < end; s.moved += blockWords {
		b := s.old[s.moved : s.moved+blockWords]
		for i := range factor {
			copy(s.words[factor*s.moved+i*blockWords:], b)
		}
	}
	if s.moved == len(s.old) {
		s.old = nil
	}
}

// age halves the counters bit by bit, once they have counted enough.
func (s *sketch) age() {
	if s.old != nil {
		s.move()
		return
	}
	if s.aged == len(s.words) {
		if s.adds.Load() < int64(agingPeriod*s.items) {
			return
		}
		s.adds.Store(s.adds.Load() / 2)
		s.aged = 0
	}
	end := min(s.aged+agingStep, len(s.words))
	for i, w := range s.words[s.aged:end] {
		s.words[s.aged+i] = w >> 1 & 0x7777777777777777
	}
	s.aged = end
}

// bytes returns the memory that the sketch takes.
func (s *sketch) bytes() int64 {
	if s == nil {
		return 0
	}
	return bytesOf(s.words) + bytesOf(s.old)
}

func bytesOf(words []uint64) int64 { return int64(cap(words)) * 8 }
