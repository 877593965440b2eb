package server

// input is what a session has read and not yet parsed: b[r:w].
type input struct {
	pool *blockPool
	max  int // the largest request with its length field
	blk  *block
	r, w int
}

// pending returns the unparsed bytes.
func (in *input) pending() []byte { return in.blk.b[in.r:in.w] }

// room returns space for the next read, at least one byte. What was parsed
// before may be overwritten. A buffer that is full with the beginning of one
// request is doubled, up to the size of the largest request: memory follows
// the bytes that arrive, not the length that a client announces.
func (in *input) room() []byte {
	n := in.w - in.r
	size := cap(in.blk.b)
	switch {
	case n == size:
		in.move(max(min(2*size, in.max), size+1))
	case size > blockSize && n <= blockSize/2:
		in.move(blockSize)
	case in.r > 0:
		copy(in.blk.b[:n], in.blk.b[in.r:in.w])
	}
	in.r, in.w = 0, n
	b := in.blk.b[:cap(in.blk.b)]
	in.blk.b = b
	return b[n:]
}

// move puts the unparsed bytes to the front of another block of that size.
func (in *input) move(size int) {
	next := in.pool.get(size)
	next.b = next.b[:cap(next.b)]
	copy(next.b, in.pending())
	in.pool.put(in.blk)
	in.blk = next
}

// added says that n bytes were read into what room returned.
func (in *input) added(n int) { in.w += n }

// clear forgets what was read, and gives a big buffer back.
func (in *input) clear() {
	in.r, in.w = 0, 0
	if cap(in.blk.b) > blockSize {
		in.move(blockSize)
	}
}
