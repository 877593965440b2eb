package snapshot

import (
	"encoding/binary"
	"errors"

	"github.com/gogibson/gibson/cache"
)

const (
	formBits = 0x3
	hasLife  = 1 << 2
	hasLock  = 1 << 3

	// recordBytes is more than a record has beside its key and value.
	recordBytes = 64
)

// appendRecord appends r.
func appendRecord(dst []byte, r *cache.Record) []byte {
	bits := byte(r.Form) & formBits
	if r.TTL > 0 {
		bits |= hasLife
	}
	if r.LockSeconds != 0 {
		bits |= hasLock
	}
	dst = append(dst, bits, r.Age)
	dst = binary.LittleEndian.AppendUint32(dst, r.Created)
	dst = binary.LittleEndian.AppendUint32(dst, r.Accessed)
	if r.TTL > 0 {
		dst = binary.LittleEndian.AppendUint32(dst, r.TTL)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Ends))
	}
	if r.LockSeconds != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.LockSeconds))
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.LockEnds))
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Key)))
	dst = append(dst, r.Key...)
	if r.Form == cache.FormNumber {
		return binary.LittleEndian.AppendUint64(dst, uint64(r.Number))
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Data)))
	return append(dst, r.Data...)
}

var errRecord = errors.New("a record makes no sense")

// parser takes records off the front of a body.
type parser struct {
	b   []byte
	bad bool // the body ended before the record did
}

func (p *parser) take(n uint64) []byte {
	if uint64(len(p.b)) < n {
		p.b, p.bad = nil, true
		return make([]byte, min(n, 8)) // for a number
	}
	taken := p.b[:n:n]
	p.b = p.b[n:]
	return taken
}

func (p *parser) uint32() uint32 { return binary.LittleEndian.Uint32(p.take(4)) }
func (p *parser) int64() int64   { return int64(binary.LittleEndian.Uint64(p.take(8))) }

func (p *parser) bytes() []byte {
	n, size := binary.Uvarint(p.b)
	if size <= 0 {
		p.b, p.bad = nil, true
		return nil
	}
	p.b = p.b[size:]
	return p.take(n)
}

// record parses a record, whose bytes alias the body.
func (p *parser) record() (cache.Record, error) {
	head := p.take(2)
	bits := head[0]
	r := cache.Record{Form: cache.Form(bits & formBits), Age: head[1], Created: p.uint32(), Accessed: p.uint32()}
	if bits&hasLife != 0 {
		r.TTL, r.Ends = p.uint32(), p.int64()
	}
	if bits&hasLock != 0 {
		r.LockSeconds, r.LockEnds = p.int64(), p.int64()
	}
	r.Key = p.bytes()
	if r.Form == cache.FormNumber {
		r.Number = p.int64()
	} else {
		r.Data = p.bytes()
	}
	if p.bad || r.Form > cache.FormNumber || bits&^(formBits|hasLife|hasLock) != 0 ||
		bits&hasLife != 0 && r.TTL == 0 || bits&hasLock != 0 && r.LockSeconds == 0 || len(r.Key) == 0 {
		return r, errRecord
	}
	return r, nil
}
