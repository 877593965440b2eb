package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/gogibson/gibson/cache"
)

// Reader reads the format. What it allocates follows the bytes that arrive,
// not what they announce: at most twice a block that is there, and 4 MiB.
// It reads no byte behind the end block. It is for one goroutine.
type Reader struct {
	src     io.Reader
	header  fileHeader
	zstd    *zstd.Decoder
	head    [headerSize]byte
	stored  []byte
	raw     []byte
	records []cache.Record
	last    []byte // the last key
	next    uint32 // the number of the next block
	any     bool   // that number may be any
	totals  Totals
	err     error // what Next returns from now on
}

// NewReader reads the header. Errors are ErrDamaged, ErrNewer and those of src.
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: src}
	if err := r.read(r.head[:]); err != nil {
		return nil, err
	}
	var err error
	if r.header, err = parseFileHeader(r.head[:]); err != nil {
		return nil, err
	}
	r.totals.Written = time.UnixMilli(r.header.written)
	return r, r.open()
}

// open makes what reading needs.
func (r *Reader) open() (err error) {
	r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
		zstd.WithDecoderMaxMemory(maxPacked), zstd.WithDecoderMaxWindow(maxPacked))
	return err
}

// Close gives back what the Reader holds, not src.
func (r *Reader) Close() { r.zstd.Close() }

// Totals returns what was read so far.
func (r *Reader) Totals() Totals { return r.totals }

// Next returns the records of the next block, valid until the next call. It
// returns io.EOF after the end block if everything was as it should be; until
// then nobody can say that nothing is missing.
func (r *Reader) Next() ([]cache.Record, error) {
	if r.err != nil {
		return nil, r.err
	}
	at := r.totals.Size
	records, err := r.block()
	if err != nil {
		r.err = err
		if errors.Is(err, ErrDamaged) {
			r.err = fmt.Errorf("%w (block %d, at byte %d)", err, r.next, at)
		}
		return nil, r.err
	}
	return records, nil
}

// block reads a block.
func (r *Reader) block() ([]cache.Record, error) {
	if err := r.read(r.head[:]); err != nil {
		return nil, err
	}
	h, err := parseBlockHeader(r.head[:], r.header.salt)
	switch {
	case err != nil:
		return nil, damaged(err)
	case h.number != r.next && !r.any:
		return nil, damaged(fmt.Errorf("its number is %d", h.number))
	}
	if err := r.body(int(h.stored)); err != nil {
		return nil, err
	}
	if checksum(r.header.salt, r.stored) != h.body {
		return nil, damaged(errors.New("its checksum is wrong"))
	}
	if h.kind == kindEnd {
		return nil, r.end()
	}
	body := r.stored
	if h.codec == codecZstd {
		if body, err = r.unpack(int(h.raw)); err != nil {
			return nil, damaged(err)
		}
	}
	if err := r.parse(body, h.items); err != nil {
		return nil, damaged(err)
	}
	r.next = h.number + 1
	r.totals.Blocks++
	r.totals.Items += int64(h.items)
	r.totals.Bytes += int64(h.raw)
	return r.records, nil
}

// end checks the end block.
func (r *Reader) end() error {
	for i, n := range [...]int64{r.totals.Items, r.totals.Blocks, r.totals.Bytes} {
		if said := int64(binary.LittleEndian.Uint64(r.stored[8*i:])); said != n && !r.any {
			return damaged(fmt.Errorf("the end says %d items, blocks or bytes where %d came", said, n))
		}
	}
	return io.EOF
}

// unpack decompresses the body.
func (r *Reader) unpack(n int) ([]byte, error) {
	if cap(r.raw) < n {
		r.raw = make([]byte, 0, max(n, blockSize))
	}
	raw, err := r.zstd.DecodeAll(r.stored, r.raw[:0:n])
	if err != nil {
		return nil, err
	}
	if len(raw) != n {
		return nil, fmt.Errorf("it has %d bytes, its header says %d", len(raw), n)
	}
	return raw, nil
}

// parse reads the records of a body.
func (r *Reader) parse(body []byte, items uint32) error {
	p := parser{b: body}
	r.records = r.records[:0]
	last := r.last
	for len(p.b) > 0 {
		rec, err := p.record()
		if err != nil {
			return err
		}
		if bytes.Compare(last, rec.Key) >= 0 {
			return errors.New("its keys are not in order")
		}
		last = rec.Key
		r.records = append(r.records, rec)
	}
	if int64(len(r.records)) != int64(items) {
		return fmt.Errorf("it has %d items, its header says %d", len(r.records), items)
	}
	r.last = append(r.last[:0], last...)
	return nil
}

// body reads n bytes into stored.
func (r *Reader) body(n int) error {
	if cap(r.stored) > maxPacked && n <= maxPacked {
		r.stored = nil // of a long value
	}
	r.stored = r.stored[:0]
	for have := 0; have < n; have = len(r.stored) {
		step := min(n-have, max(have, blockSize))
		r.stored = slices.Grow(r.stored, step)[:have+step]
		if err := r.read(r.stored[have:]); err != nil {
			return err
		}
	}
	return nil
}

// read fills b. What ends too early is damaged.
func (r *Reader) read(b []byte) error {
	n, err := io.ReadFull(r.src, b)
	r.totals.Size += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged(errors.New("it ends too early"))
	}
	return err
}

func damaged(err error) error { return fmt.Errorf("%w: %w", ErrDamaged, err) }
