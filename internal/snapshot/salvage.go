package snapshot

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gogibson/gibson/cache"
)

// Salvage reads of a damaged file the blocks that are whole.
type Salvage struct {
	src  io.ReadSeeker
	r    *Reader
	lost int64 // blocks, or pieces of the file, that were skipped
}

// NewSalvage makes a Salvage of a file. If neither the header nor the end of
// the file can be read, there is nothing to be had: ErrDamaged. A file of a
// newer version is ErrNewer here, too.
func NewSalvage(src io.ReadSeeker) (*Salvage, error) {
	s := &Salvage{src: src}
	r, err := NewReader(bufio.NewReader(src))
	if errors.Is(err, ErrDamaged) {
		s.lost++
		r = new(Reader)
		if r.header.salt, err = endSalt(src, err); err == nil {
			err = r.open()
		}
	}
	if err != nil {
		return nil, err
	}
	r.any = true
	s.r = r
	return s, s.seek(headerSize)
}

// endSalt returns the salt that the end block says.
func endSalt(src io.ReadSeeker, why error) (uint32, error) {
	var end [headerSize + endBodySize]byte
	if _, err := src.Seek(-int64(len(end)), io.SeekEnd); err != nil {
		return 0, why
	}
	if _, err := io.ReadFull(src, end[:]); err != nil {
		return 0, why
	}
	salt := binary.LittleEndian.Uint32(end[len(end)-4:])
	h, err := parseBlockHeader(end[:headerSize], salt)
	if err != nil || h.kind != kindEnd || h.body != checksum(salt, end[headerSize:]) {
		return 0, fmt.Errorf("%w, nor does its end help", why)
	}
	return salt, nil
}

// Close gives back what the Salvage holds, not the file.
func (s *Salvage) Close() { s.r.Close() }

// Lost returns how many pieces of the file were skipped so far, each of one
// block or more.
func (s *Salvage) Lost() int64 { return s.lost }

// Totals returns what was read so far.
func (s *Salvage) Totals() Totals { return s.r.totals }

// Next returns the records of the next whole block, valid until the next call,
// and io.EOF at the end.
func (s *Salvage) Next() ([]cache.Record, error) {
	for {
		at := s.r.totals.Size
		records, err := s.r.Next()
		if err == nil || !errors.Is(err, ErrDamaged) {
			return records, err
		}
		s.lost++
		if err := s.find(at + 1); err != nil {
			return nil, err
		}
	}
}

// seek goes on reading at a place of the file.
func (s *Salvage) seek(at int64) error {
	if _, err := s.src.Seek(at, io.SeekStart); err != nil {
		return err
	}
	s.r.src = bufio.NewReaderSize(s.src, blockSize)
	s.r.totals.Size = at
	s.r.err = nil
	return nil
}

// find goes on at the first header of a block from there on, or returns io.EOF.
func (s *Salvage) find(at int64) error {
	if err := s.seek(at); err != nil {
		return err
	}
	src := s.r.src.(*bufio.Reader)
	for {
		b, err := src.Peek(blockSize)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(b) < headerSize {
			s.r.err = io.EOF
			return io.EOF
		}
		skip := bytes.Index(b, []byte(mark))
		switch {
		case skip < 0:
			skip = len(b) - len(mark) + 1
		case skip > len(b)-headerSize: // the rest of it comes with the next Peek
		default:
			if _, err := parseBlockHeader(b[skip:skip+headerSize], s.r.header.salt); err == nil {
				_, err := src.Discard(skip)
				s.r.totals.Size = at + int64(skip)
				return err
			}
			skip++
		}
		n, err := src.Discard(skip)
		if err != nil {
			return err
		}
		at += int64(n)
	}
}
