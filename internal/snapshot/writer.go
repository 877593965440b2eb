package snapshot

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/gogibson/gibson/cache"
)

// Writer writes the format to a file or stream: the header when it is made,
// then records in blocks, and the end with Close. It is for one goroutine.
type Writer struct {
	dst    io.Writer
	zstd   *zstd.Encoder // nil: nothing is compressed
	salt   uint32
	raw    []byte // the records of the next block
	out    []byte // header and body of a block
	items  uint32 // records in raw
	blocks uint32 // written
	totals Totals
	err    error // the first of writing
}

// NewWriter writes the header of a snapshot that is made now. compress says
// whether blocks are compressed, as they should be in a file.
func NewWriter(dst io.Writer, now time.Time, compress bool) (*Writer, error) {
	w := &Writer{dst: dst, salt: rand.Uint32()}
	if compress {
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderCRC(false), zstd.WithWindowSize(blockSize))
		if err != nil {
			return nil, err
		}
		w.zstd = enc
	}
	h := fileHeader{Version, now.UnixMilli(), w.salt}
	w.write(h.append(nil))
	return w, w.err
}

// Add adds a record. Keys must come in ascending order.
func (w *Writer) Add(r *cache.Record) error {
	if n := len(r.Key) + len(r.Data) + recordBytes; w.items > 0 && len(w.raw)+n > blockSize {
		w.flush()
	}
	w.raw = appendRecord(w.raw, r)
	w.items++
	w.totals.Items++
	return w.err
}

// Close writes what is left and the end. It does not close the stream.
func (w *Writer) Close() (Totals, error) {
	if w.items > 0 {
		w.flush()
	}
	body := w.totals.appendBody(make([]byte, headerSize, headerSize+endBodySize), w.salt)
	w.block(kindEnd, codecNone, body, endBodySize)
	if w.zstd != nil {
		_ = w.zstd.Close() // it has nothing to write
	}
	return w.totals, w.err
}

// flush writes a block of the records in raw.
func (w *Writer) flush() {
	codec := byte(codecNone)
	w.out = append(w.out[:0], make([]byte, headerSize)...)
	if w.zstd != nil && len(w.raw) <= maxPacked {
		w.out = w.zstd.EncodeAll(w.raw, w.out)
		codec = codecZstd
	}
	if codec == codecNone || len(w.out)-headerSize >= len(w.raw) {
		codec = codecNone
		w.out = append(w.out[:headerSize], w.raw...)
	}
	w.totals.Blocks++
	w.totals.Bytes += int64(len(w.raw))
	w.block(kindItems, codec, w.out, len(w.raw))
	w.raw, w.items = w.raw[:0], 0
	if cap(w.raw) > maxPacked { // of a long value
		w.raw, w.out = nil, nil
	}
}

// block completes the header at the front of b and writes it all.
func (w *Writer) block(kind, codec byte, b []byte, raw int) {
	body := b[headerSize:]
	h := blockHeader{
		kind: kind, codec: codec, number: w.blocks, items: w.items,
		stored: uint32(len(body)), raw: uint32(raw), body: checksum(w.salt, body),
	}
	w.blocks++
	h.put(b, w.salt)
	w.write(b)
}

// write writes b unless an earlier write failed.
func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.dst.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	w.err = err
	w.totals.Size += int64(n)
}

// AddAll adds what e has to give, a few items at a time, and then calls progress
// with how many it has added. It ends early, with its error, when ctx ends.
func (w *Writer) AddAll(ctx context.Context, e *cache.Export, progress func(items int64)) error {
	for {
		records, err := e.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for i := range records {
			if err := w.Add(&records[i]); err != nil {
				return err
			}
		}
		progress(w.totals.Items)
	}
}
