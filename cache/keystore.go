package cache

// keystore holds the keys of timers, cut into fragments of one size so that no
// key length wastes memory and none needs an allocation of its own.
type keystore struct {
	fragments slab[fragment]
}

const fragmentSize = 28

// fragment is a piece of a key; the pieces of one key are linked.
type fragment struct {
	data [fragmentSize]byte
	next uint32
}

// add stores a copy of key and returns the number of its first fragment, 0 for
// an empty key.
func (s *keystore) add(key []byte) uint32 {
	// The last piece is stored first, so that each knows the one behind it.
	var first uint32
	for end := len(key); end > 0; {
		begin := (end - 1) / fragmentSize * fragmentSize
		id := s.fragments.take()
		f := s.fragments.at(id)
		copy(f.data[:], key[begin:end])
		f.next = first
		first = id
		end = begin
	}
	return first
}

// appendTo appends the key of length n that begins at fragment first to dst.
func (s *keystore) appendTo(dst []byte, first uint32, n int) []byte {
	for n > 0 {
		f := s.fragments.at(first)
		part := min(n, fragmentSize)
		dst = append(dst, f.data[:part]...)
		n -= part
		first = f.next
	}
	return dst
}

// remove gives the fragments of the key back.
func (s *keystore) remove(first uint32) {
	for first != 0 {
		next := s.fragments.at(first).next
		s.fragments.release(first)
		first = next
	}
}
