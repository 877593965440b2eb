package gibson

import (
	"encoding/binary"
	"math"

	"github.com/gogibson/gibson/wire"
)

// Sizes of an inbox's buffer, in bytes.
const (
	inboxSize = 32 << 10 // what it has and returns to
	// inboxTrust is how much is allocated because a reply's header says so. A
	// bigger buffer grows only as data arrives.
	inboxTrust = 1 << 20
	// inboxMost is the largest max_response_size that a server can be told. A
	// reply that claims to be bigger comes from something else.
	inboxMost = math.MaxInt32 - 1<<10
)

// inbox is what a reader has received and the calls it has claimed. It belongs
// to whoever has the role of the reader.
//
//	buf   [ consumed | start … received … end | room ]
//	calls [ answered | head … claimed … ]
type inbox struct {
	most       int // bytes of a reply's data that calls may have
	buf        []byte
	start, end int
	skip       int // bytes of dropped data still to come

	calls []*call // claimed from the queue, oldest first
	head  int

	answered int   // calls answered since the connection was told
	credit   int64 // their cost
	solo     int   // how many in a row had the connection to themselves

	hook hook // the context that can interrupt the reader
}

func newInbox(maxReply int) inbox {
	if maxReply == 0 {
		maxReply = wire.DefaultMaxResponseSize
	}
	return inbox{most: maxReply, buf: make([]byte, inboxSize)}
}

// space returns room for at least one byte more.
func (in *inbox) space() []byte {
	if in.start == in.end {
		in.start, in.end = 0, 0
		if len(in.buf) > inboxSize {
			in.buf = make([]byte, inboxSize)
		}
	}
	if in.end-in.start <= in.start {
		in.compact() // moves no more than has been consumed since
	}
	if in.end == len(in.buf) {
		in.grow()
	}
	return in.buf[in.end:]
}

// compact moves what is there to the front.
func (in *inbox) compact() {
	in.end = copy(in.buf, in.buf[in.start:in.end])
	in.start = 0
}

// grow makes room behind a full buffer for the reply it ends in.
func (in *inbox) grow() {
	in.compact()
	if need := in.missing(); in.end+need > len(in.buf) {
		size := min(in.end+need, max(2*len(in.buf), inboxTrust))
		in.buf = append(make([]byte, 0, size), in.buf[:in.end]...)[:size]
	}
}

// missing returns how many bytes the reply at start still wants, 0 while its
// header is not complete. wire has found nothing wrong with the header.
func (in *inbox) missing() int {
	b := in.buf[in.start:in.end]
	if len(b) < wire.ReplyHeaderSize {
		return 0
	}
	return wire.ReplyHeaderSize + int(binary.LittleEndian.Uint32(b[wire.ReplyHeaderSize-4:])) - len(b)
}

// next parses the next reply. ok is false while bytes are missing.
func (in *inbox) next() (r Reply, n int, ok bool, err error) {
	if in.start == in.end {
		return Reply{}, 0, false, nil
	}
	r, n, err = wire.ParseReply(in.buf[in.start:in.end], in.most)
	if err == wire.ErrShort {
		return Reply{}, 0, false, nil
	}
	return r, n, err == nil, err
}

// drop passes over what has arrived of data that nobody wants.
func (in *inbox) drop() {
	n := min(in.skip, in.end-in.start)
	in.skip -= n
	in.start += n
}

// tooLarge returns the size on the wire of the reply at start, whose header is
// there, if its data is more than calls may have and yet what a server may
// send: a size beyond that is one of garbage, which next says.
func (in *inbox) tooLarge() (size int, ok bool) {
	b := in.buf[in.start:in.end]
	if len(b) < wire.ReplyHeaderSize {
		return 0, false
	}
	data := binary.LittleEndian.Uint32(b[wire.ReplyHeaderSize-4:])
	if uint64(data) <= uint64(in.most) || data > inboxMost {
		return 0, false
	}
	if c := in.code(); c != wire.CodeVal && c != wire.CodeKVal || wire.Encoding(b[2]) != wire.EncodingPlain {
		return 0, false
	}
	return wire.ReplyHeaderSize + int(data), true
}

// huge reports whether the header at start announces a reply that the buffer
// as it is would have to grow for.
func (in *inbox) huge() bool {
	return in.end-in.start+in.missing() > max(inboxSize, len(in.buf))
}

// code returns the code of the reply at start, whose header is there.
func (in *inbox) code() wire.Code {
	return wire.Code(binary.LittleEndian.Uint16(in.buf[in.start:]))
}

// pass passes over the reply of that size at start, whose data is dropped as
// it arrives.
func (in *inbox) pass(size int) {
	in.skip = size
	in.drop()
}

// lend reports whether the data of a reply may be kept by its call, because
// the buffer was made for it, and gives the buffer up in that case.
func (in *inbox) lend(r Reply) bool {
	if len(in.buf) <= inboxSize || len(r.Data) < len(in.buf)/2 {
		return false
	}
	rest := in.buf[in.start:in.end]
	in.buf = make([]byte, max(inboxSize, len(rest)))
	in.start, in.end = 0, copy(in.buf, rest)
	return true
}
