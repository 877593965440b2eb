package wire

// Sizes of the frames, in bytes.
const (
	// HeaderSize is the size of a request's length field.
	HeaderSize = 4
	// MinLength is the smallest valid length field: an opcode, no payload.
	MinLength = 2
	// ReplyHeaderSize is the size of what precedes a reply's data: code,
	// encoding and size.
	ReplyHeaderSize = 7
)

// Sizes inside the data of a KVAL reply, in bytes.
const (
	countSize    = 4         // the number of pairs
	pairOverhead = 4 + 1 + 4 // key length, encoding, value length
	numberSize   = 8         // a number as servers of today send it
	number32Size = 4         // a number as 32-bit servers sent it
)

// Default limits, in bytes (docs/protocol.md, "Limits").
const (
	DefaultMaxRequestSize  = 2 << 20
	DefaultMaxKeySize      = 1 << 10
	DefaultMaxValueSize    = 2096127
	DefaultMaxResponseSize = 64 << 20
)

// Limits bounds the arguments of a request, in bytes. A field that is zero or
// less stands for its default.
type Limits struct {
	MaxKeySize   int // keys and prefixes, DefaultMaxKeySize
	MaxValueSize int // values of SET and MSET, DefaultMaxValueSize
}

// orDefault returns limit, or def when limit is not set.
func orDefault(limit, def int) int {
	if limit <= 0 {
		return def
	}
	return limit
}
