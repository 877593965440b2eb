package cache

import "encoding/binary"

// window is the queue of the keys of items that are new in the cache. Its
// items have flagWindow and compete with the others only when they leave it.
// An item that goes, goes without its entry: that is dropped when its turn
// comes, or when there are too many of them (Cache.weed).
//
// Entries stand one behind the other in chunks: the length of the key, as a
// varint, and the key.
type window struct {
	chunk   int // the usual size of a chunk
	chunks  [][]byte
	read    int    // in the first chunk, everything before it is done
	spare   []byte // an empty chunk, to be used again
	entries int
	size    int64 // of all chunks, the spare included
}

// push appends a copy of key.
func (w *window) push(key []byte) {
	need := binary.MaxVarintLen32 + len(key)
	last := len(w.chunks) - 1
	if last < 0 || cap(w.chunks[last])-len(w.chunks[last]) < need {
		c := w.spare
		w.spare = nil
		if cap(c) < need {
			w.size -= int64(cap(c))
			c = make([]byte, 0, max(need, w.chunk))
			w.size += int64(cap(c))
		}
		w.chunks = append(w.chunks, c)
		last++
	}
	c := binary.AppendUvarint(w.chunks[last], uint64(len(key)))
	w.chunks[last] = append(c, key...)
	w.entries++
}

// pop takes the oldest entry out and appends its key to dst. There must be
// one.
func (w *window) pop(dst []byte) []byte {
	c := w.chunks[0]
	n, used := binary.Uvarint(c[w.read:])
	begin := w.read + used
	w.read = begin + int(n)
	dst = append(dst, c[begin:w.read]...)
	w.entries--
	if w.read == len(c) {
		w.drop()
	}
	return dst
}

// drop takes out the first chunk, of which everything is done.
func (w *window) drop() {
	c := w.chunks[0][:0]
	last := len(w.chunks) - 1
	copy(w.chunks, w.chunks[1:])
	w.chunks[last] = nil
	w.chunks = w.chunks[:last]
	w.read = 0
	if w.spare == nil && cap(c) == w.chunk {
		w.spare = c
		return
	}
	w.size -= int64(cap(c))
}
