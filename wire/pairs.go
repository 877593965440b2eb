package wire

import (
	"encoding/binary"
	"iter"

	"github.com/gogibson/gibson/internal/value"
)

// PairCount returns the number of pairs of a KVAL reply, 0 for others.
func (r Reply) PairCount() int {
	if r.Code != CodeKVal || len(r.Data) < countSize {
		return 0
	}
	return int(binary.LittleEndian.Uint32(r.Data))
}

// Pairs iterates over the pairs of a KVAL reply in the server's order, and
// over nothing for other replies. Keys and values alias Data.
func (r Reply) Pairs() iter.Seq2[[]byte, value.Value] {
	return func(yield func([]byte, value.Value) bool) {
		rest := r.Data
		for i := range r.PairCount() {
			if i == 0 {
				rest = rest[countSize:]
			}
			p, n, err := parsePair(rest)
			if err != nil {
				return // a Reply that was not parsed but made by hand
			}
			v := value.Bytes(p.data)
			if p.encoding == EncodingNumber {
				v = value.Number(decodeNumber(p.data))
			}
			if !yield(p.key, v) {
				return
			}
			rest = rest[n:]
		}
	}
}

// pair is one pair of a KVAL reply.
type pair struct {
	key, data []byte
	encoding  Encoding
}

// checkPairs reports whether data is a count and exactly that many pairs.
func checkPairs(data []byte) error {
	count := uint64(binary.LittleEndian.Uint32(data))
	rest := data[countSize:]
	if most := uint64(len(rest) / pairOverhead); count > most {
		return protocolErrorf("KVAL reply of %d bytes announces %d pairs, want at most %d", len(data), count, most)
	}
	for range count {
		_, n, err := parsePair(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	if len(rest) != 0 {
		return protocolErrorf("KVAL reply with %d bytes after its last pair", len(rest))
	}
	return nil
}

// parsePair parses the pair at the beginning of b and returns it with the
// number of bytes it takes. Missing bytes are an error: the reply is complete.
func parsePair(b []byte) (p pair, n int, err error) {
	key, rest, ok := parseField(b)
	if !ok || len(rest) == 0 {
		return pair{}, 0, protocolErrorf("KVAL reply ends within a key")
	}
	p.key = key
	p.encoding = Encoding(rest[0])
	if p.encoding != EncodingPlain && p.encoding != EncodingNumber {
		return pair{}, 0, protocolErrorf("KVAL value with encoding %d, want 0 or 2", rest[0])
	}
	data, rest, ok := parseField(rest[1:])
	if !ok {
		return pair{}, 0, protocolErrorf("KVAL reply ends within a value")
	}
	if p.encoding == EncodingNumber && len(data) != numberSize && len(data) != number32Size {
		return pair{}, 0, protocolErrorf("number of %d bytes, want 8 or 4", len(data))
	}
	p.data = data
	return p, len(b) - len(rest), nil
}

// parseField parses a length of four bytes and that many bytes after it.
func parseField(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	size := uint64(binary.LittleEndian.Uint32(b))
	if b = b[4:]; size > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:size:size], b[size:], true
}

// decodeNumber decodes a number of eight or four bytes, 0 for other sizes,
// which no parsed reply has.
func decodeNumber(b []byte) int64 {
	switch len(b) {
	case numberSize:
		return int64(binary.LittleEndian.Uint64(b))
	case number32Size:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return 0
}
