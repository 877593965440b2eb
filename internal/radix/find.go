package radix

import (
	"unsafe"
)

// Find returns the record of key, nil if there is none. It may be called by
// many goroutines at once while nobody changes the tree. The record aliases
// the tree's memory until the next change.
func (t *Tree) Find(key []byte) []byte {
	h := t.root
	if h == 0 {
		return nil
	}
	pos := 0
	for h < t.leaf {
		p := t.mem.At(h)
		n := nodeAt(p)
		off := nodeHeader
		if size := n.prefixLen(); size != 0 {
			if !hasPrefix(p, size, key, pos) {
				return nil
			}
			pos += size
			off += pad4(size)
		}
		if pos == len(key) {
			if !n.hasTerm() {
				return nil
			}
			h = *slotAt(p, n.term())
			break
		}
		c := key[pos]
		pos++
		if n.isRange() {
			i := uint32(c) - uint32(n>>nodeLoShift&byteMask)
			if i > uint32(n>>nodeSpanShift&byteMask) {
				return nil
			}
			h = *slotAt(p, off+4*int(i))
			if h == 0 {
				return nil
			}
			continue
		}
		i := find(p, off, n.sorted(), c)
		if i < 0 {
			return nil
		}
		h = *slotAt(p, off+pad4(n.slots())+4*i)
	}
	p := t.mem.At(h)
	l := leafAt(p)
	if l.suffixLen != len(key)-pos || string(l.suffixOf(p)) != string(key[pos:]) {
		return nil
	}
	return l.recOf(p)
}

// hasPrefix reports whether the prefix of the node at p, of size bytes, is
// that of key[pos:].
func hasPrefix(p unsafe.Pointer, size int, key []byte, pos int) bool {
	k := unsafe.Pointer(unsafe.SliceData(key))
	switch rest := len(key) - pos; {
	case size <= 8 && rest >= 8:
		// A node with a prefix is at least 8 bytes longer than its header.
		d := word(p, nodeHeader) ^ word(k, pos)
		return d<<(64-8*uint(size)) == 0
	case rest < size:
		return false
	case size > 8 && size <= 16: // the first 8 bytes and the last
		return word(p, nodeHeader) == word(k, pos) && word(p, nodeHeader+size-8) == word(k, pos+size-8)
	}
	return string(bytesAt(p, nodeHeader, size)) == string(key[pos:pos+size])
}
