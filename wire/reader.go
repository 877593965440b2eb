package wire

// keepBuffer is the capacity, in bytes, up to which a Reader keeps its buffer.
// A bigger one, left by a big reply, is given back.
const keepBuffer = 64 << 10

// Reader turns a stream of bytes, cut anywhere, into replies. Feed it what was
// read, then call Next until it reports that no reply is complete:
//
//	r.Feed(chunk)
//	for {
//		reply, ok, err := r.Next()
//		if err != nil { ... } // the stream is broken
//		if !ok { break }      // read more
//		...
//	}
//
// The zero Reader is ready for use. A Reader is not safe for concurrent use.
type Reader struct {
	// MaxReplySize bounds the size field of a reply, in bytes; zero or less
	// stands for DefaultMaxResponseSize. No byte of a reply above it is
	// buffered. Set it before the first Feed.
	MaxReplySize int

	buf     []byte
	next    int   // where in buf the reply begins that Next returns next
	last    int   // where in buf the reply begins that is still incomplete
	missing int   // bytes still to come of that reply's data; 0 while its header is incomplete
	pending error // what is wrong with the reply at last
	err     error // what Next returned; final
}

// NewReader returns a Reader with that MaxReplySize.
func NewReader(maxReplySize int) *Reader { return &Reader{MaxReplySize: maxReplySize} }

// Feed adds a copy of b to the stream. It invalidates every Reply that Next
// has returned. What comes after a broken reply is dropped.
func (r *Reader) Feed(b []byte) {
	r.compact()
	for len(b) > 0 && r.pending == nil && r.err == nil {
		if r.missing > 0 {
			n := min(len(b), r.missing)
			r.buf, b = append(r.buf, b[:n]...), b[n:]
			if r.missing -= n; r.missing == 0 {
				r.last = len(r.buf)
			}
			continue
		}
		n := min(len(b), r.last+ReplyHeaderSize-len(r.buf))
		r.buf, b = append(r.buf, b[:n]...), b[n:]
		_, size, err := parseReplyHeader(r.buf[r.last:], r.MaxReplySize)
		switch {
		case err == ErrShort:
		case err != nil:
			r.pending = err
		case size == 0:
			r.last = len(r.buf)
		default:
			r.missing = size
		}
	}
}

// Next returns the next complete reply and true, or false while bytes are
// missing. Data aliases the Reader's buffer and is valid until the next Feed.
// The error is a *ProtocolError; every later call returns it again.
func (r *Reader) Next() (reply Reply, ok bool, err error) {
	if r.err != nil {
		return Reply{}, false, r.err
	}
	if r.next == r.last {
		r.err = r.pending
		return Reply{}, false, r.err
	}
	reply, n, err := ParseReply(r.buf[r.next:r.last], r.MaxReplySize)
	if err != nil {
		r.err = err
		return Reply{}, false, err
	}
	r.next += n
	return reply, true, nil
}

// Buffered returns the number of bytes that were fed and not yet returned.
func (r *Reader) Buffered() int { return len(r.buf) - r.next }

// compact makes room by dropping what Next has returned. It moves bytes only
// if that frees at least as many as it moves, so that feeding costs the same
// per byte however small the pieces are.
func (r *Reader) compact() {
	left := r.buf[r.next:]
	if r.next == 0 || r.next < len(left) {
		return
	}
	if cap(r.buf) > keepBuffer && len(left)+r.missing <= keepBuffer {
		r.buf = append([]byte(nil), left...)
	} else {
		r.buf = append(r.buf[:0], left...)
	}
	r.last -= r.next
	r.next = 0
}
