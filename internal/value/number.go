package value

import "math"

// ParseInt parses b as the protocol writes numbers: an optional minus sign,
// then decimal digits, leading zeros allowed, within 64 bits. Nothing else
// passes: no plus sign, no blank, no fraction, no empty text
// (docs/protocol.md, "Numbers"). It does not allocate.
func ParseInt(b []byte) (n int64, ok bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	// Times ten plus nine, cutoff still fits 64 bits, and one more than it is
	// beyond every result.
	const cutoff = math.MaxInt64 / 10
	var u uint64
	for _, c := range b {
		d := c - '0' // wraps to more than 9 below '0'
		if d > 9 || u > cutoff {
			return 0, false
		}
		u = u*10 + uint64(d)
	}
	switch {
	case !neg && u <= math.MaxInt64:
		return int64(u), true
	case neg && u <= 1<<63:
		return -int64(u), true // int64(1<<63) is -2^63, its own negative
	}
	return 0, false
}
