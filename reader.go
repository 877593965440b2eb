package gibson

import "github.com/gogibson/gibson/wire"

// Reader turns the bytes of a server into Go values, however they are cut. It
// is for programs that do their own input and output; a Conn has its own.
//
//	var r gibson.Reader
//	r.Feed(chunk)
//	for {
//		reply, ok, err := r.Gets()
//		if err != nil { ... } // the stream is broken for good
//		if !ok { break }      // feed more
//		...
//	}
//
// The zero Reader is ready for use. A Reader is not safe for concurrent use.
type Reader struct {
	// MaxReplySize bounds the data of one reply in bytes. Zero stands for
	// 64 MiB, the server's default limit. Set it before the first Feed.
	MaxReplySize int

	r       wire.Reader
	started bool
}

// Feed adds a copy of b to the stream.
func (r *Reader) Feed(b []byte) {
	if !r.started {
		r.r.MaxReplySize, r.started = r.MaxReplySize, true
	}
	r.r.Feed(b)
}

// Gets returns the next complete reply and true, or nil and false while bytes
// are missing. The reply, which belongs to the caller, is
//
//   - true for OK,
//   - nil for NOT_FOUND,
//   - []byte or int64 for VAL,
//   - []any for KVAL: key, value, key, value…, keys []byte, values []byte or
//     int64,
//   - one of ErrServer, ErrNotANumber, ErrMemoryLimit and ErrLocked for ERR,
//     NAN, MEM and LOCKED: a value, not the error of Gets.
//
// The error is a *ProtocolError: the stream is not the protocol. Every later
// call returns it again.
func (r *Reader) Gets() (reply any, ok bool, err error) {
	rep, ok, err := r.r.Next()
	if !ok || err != nil {
		return nil, false, err
	}
	switch rep.Code {
	case wire.CodeOK:
		return true, true, nil
	case wire.CodeNotFound:
		return nil, true, nil
	case wire.CodeVal:
		v, err := rep.Value()
		if err != nil {
			return nil, false, err
		}
		return native(v), true, nil
	case wire.CodeKVal:
		flat := make([]any, 0, 2*rep.PairCount())
		for k, v := range rep.Pairs() {
			flat = append(flat, append([]byte{}, k...), native(v))
		}
		return flat, true, nil
	}
	return rep.Err(), true, nil
}

// native returns a number as int64 and bytes as a copy.
func native(v Value) any {
	if n, ok := v.Int64(); ok {
		return n
	}
	return append([]byte{}, v.Bytes()...)
}
