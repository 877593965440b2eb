package wire

import (
	"bytes"

	"github.com/gogibson/gibson/internal/value"
)

// Args are the arguments of one request. Slices alias the payload.
type Args struct {
	Key    []byte // key or prefix
	Value  []byte // value of SET and MSET, field of META
	Number int64  // ttl, seconds or limit; 0 for MGET without a limit

	// NumberErr says that the number is malformed and Number 0. When that is
	// answered with NAN depends on the command: TTL and LOCK look for the item
	// first (docs/protocol.md, "Order of checks").
	NumberErr bool
}

// ParseArgs divides a payload into the arguments of that shape. The error is
// ErrShape, for which the answer is ERR, whether or not the key exists.
func ParseArgs(shape Shape, payload []byte, lim Limits) (Args, error) {
	if shape == ShapeNone {
		return Args{}, nil
	}
	var a Args
	if shape == ShapeSet {
		ttl, rest, ok := cut(payload)
		if !ok || len(ttl) == 0 {
			return Args{}, ErrShape
		}
		a.setNumber(ttl)
		payload = rest
	}
	key, rest, more := cut(payload)
	if len(key) == 0 || len(key) > orDefault(lim.MaxKeySize, DefaultMaxKeySize) {
		return Args{}, ErrShape
	}
	a.Key = key

	switch shape {
	case ShapeKey:
		return a, nil
	case ShapeKeyLimit:
		if !more {
			return a, nil
		}
	}
	// Every other shape has a second argument that is not empty.
	if len(rest) == 0 {
		return Args{}, ErrShape
	}
	switch shape {
	case ShapeKeyNumber, ShapeKeyLimit:
		a.setNumber(rest)
	case ShapeSet, ShapeKeyValue:
		if len(rest) > orDefault(lim.MaxValueSize, DefaultMaxValueSize) {
			return Args{}, ErrShape
		}
		a.Value = rest
	case ShapeKeyField:
		field, _, _ := cut(rest)
		if len(field) == 0 {
			return Args{}, ErrShape
		}
		a.Value = field
	default:
		return Args{}, ErrShape
	}
	return a, nil
}

// setNumber parses text into Number and NumberErr.
func (a *Args) setNumber(text []byte) {
	n, ok := value.ParseInt(text)
	a.Number, a.NumberErr = n, !ok
}

// cut divides b at its first space. Without one, the whole of b comes first
// and more is false.
func cut(b []byte) (first, rest []byte, more bool) {
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return b, nil, false
	}
	return b[:i:i], b[i+1:], true
}
