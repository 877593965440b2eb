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

	// NumberErr says that the number is malformed, and Number 0. When that is
	// answered with NAN depends on the command: TTL and LOCK look for the item
	// first (docs/protocol.md, "Order of checks").
	NumberErr bool
}

// ParseArgs divides a payload into the arguments of that shape. The error is
// ErrShape, for which the answer is ERR, whether or not the key exists.
func ParseArgs(shape Shape, payload []byte, lim Limits) (a Args, err error) {
	if shape == ShapeNone {
		return a, nil
	}
	if shape == ShapeSet {
		i := bytes.IndexByte(payload, ' ')
		if i <= 0 {
			return a, ErrShape
		}
		a.setNumber(payload[:i])
		payload = payload[i+1:]
	}

	key := bytes.IndexByte(payload, ' ')
	more := key >= 0
	if !more {
		key = len(payload)
	}
	if key == 0 || key > orDefault(lim.MaxKeySize, DefaultMaxKeySize) {
		return Args{}, ErrShape
	}
	a.Key = payload[:key:key]
	if shape == ShapeKey || shape == ShapeKeyLimit && !more {
		return a, nil
	}

	// Every other shape wants something after the space.
	if key+1 >= len(payload) {
		return Args{}, ErrShape
	}
	rest := payload[key+1:]
	switch shape {
	case ShapeKeyNumber, ShapeKeyLimit:
		a.setNumber(rest)
	case ShapeSet, ShapeKeyValue:
		if len(rest) > orDefault(lim.MaxValueSize, DefaultMaxValueSize) {
			return Args{}, ErrShape
		}
		a.Value = rest
	case ShapeKeyField:
		field := bytes.IndexByte(rest, ' ')
		if field == 0 {
			return Args{}, ErrShape
		}
		if field < 0 {
			field = len(rest)
		}
		a.Value = rest[:field:field]
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
