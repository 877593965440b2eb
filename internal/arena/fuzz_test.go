package arena

import (
	"math/rand/v2"
	"testing"
)

// FuzzRegion reads its input as a program: how many regions there are, and then
// operations, each an opcode and what it needs. A model remembers what each block
// holds. Inputs are long, so that all the time may go into shortening those that
// reach something new: -fuzzminimizetime 10x keeps it from that.
func FuzzRegion(f *testing.F) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 0))
		program := make([]byte, 1400)
		for i := range program {
			program[i] = byte(r.Uint32N(16 << (seed % 5)))
		}
		program[0] = byte(seed)
		f.Add(program)
	}
	// Blocks of 512 KiB, some small ones between them, and then only these: with
	// huge pages and without.
	for _, kind := range []byte{1, 5} {
		program := []byte{kind}
		const blocks = 32
		for i := range byte(blocks) {
			program = append(program, 0, 11, 255, 8)
			if i%6 == 5 {
				program = append(program, 0, 0, 15)
			}
		}
		for i := byte(blocks + blocks/6); i > 0; i-- {
			if i%7 != 0 {
				program = append(program, 9, i-1)
			}
		}
		program = append(program, 12, 0, 11, 200, 0, 9, 127, 6, 0, 11, 100)
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		p := fuzzProgram{rest: program}
		// A region that is soon full, one that grows into huge pages, or both.
		kind := p.byte()
		sizes := [][]int64{{granule}, {128 << 20}, {granule, 128 << 20}}[kind%4%3]
		m := reserveModel(t, sizes...)
		if kind&4 != 0 {
			m.r.SmallPages()
		}
		for i := range sizes {
			of := *m
			of.r = m.s.Region(i)
			p.regions = append(p.regions, &fuzzRegion{model: &of})
		}
		m.spoiled = true // its blocks are those of others
		for n := 0; len(p.rest) > 0 && n < 400; n++ {
			p.regions[n%len(p.regions)].step(&p)
			if n%16 == 15 {
				p.check()
			}
		}
		p.check()
		for _, r := range p.regions {
			r.empty(&p)
		}
	})
}

type fuzzProgram struct {
	rest    []byte
	regions []*fuzzRegion
}

func (p *fuzzProgram) byte() byte {
	if len(p.rest) == 0 {
		return 0
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return b
}

// size reads a size: every one up to 256 bytes, and some up to 512 KiB.
func (p *fuzzProgram) size() int {
	exp := p.byte() % 12
	return (int(p.byte())+1)<<exp - int(exp)
}

// part reads a part of n, all of it included.
func (p *fuzzProgram) part(n uint64) uint64 { return n * uint64(p.byte()) / 255 }

func (p *fuzzProgram) check() {
	for _, r := range p.regions {
		r.t.Helper()
		r.check()
	}
}

// fuzzRegion is a region and what is asked of it.
type fuzzRegion struct {
	*model
	limit int // sizes above it are denied; 0: none
}

func (r *fuzzRegion) denied(size int) bool { return r.limit > 0 && size > r.limit }

// most bounds what is in use, or inputs become slow.
const most = 16 << 20

func (r *fuzzRegion) step(p *fuzzProgram) {
	r.t.Helper()
	op := p.byte() % 16
	if op < 5 {
		r.alloc(p.size(), op == 4)
		return
	}
	switch op {
	case 5:
		r.r.SetBoundary(r.r.Start() + Handle(p.part(r.r.used())))
		return
	case 6:
		r.r.Trim()
		return
	case 7:
		if r.limit = p.size(); r.limit > 256 {
			r.limit = 0
			r.r.Deny(nil)
			return
		}
		r.r.Deny(r.denied)
		return
	case 8:
		if a, ok := r.r.Ahead(); ok {
			a.Filled(a.Fill())
		}
		return
	}
	if len(r.blocks) == 0 {
		return
	}
	i := int(p.byte()) % len(r.blocks)
	switch op {
	case 9, 10, 11:
		r.free(i)
	case 12, 13:
		r.resize(&r.blocks[i], p.size())
	case 14:
		r.cut(&r.blocks[i], int(p.part(uint64(r.blocks[i].size))))
	case 15:
		r.lower(&r.blocks[i])
	}
}

func (r *fuzzRegion) alloc(size int, low bool) {
	r.t.Helper()
	if r.r.Live()+int64(size) > most {
		return
	}
	var h Handle
	top := uint64(r.r.Top())
	if low {
		h = r.r.AllocBelow(size)
		if h != 0 && r.r.High(h) {
			r.t.Fatalf("AllocBelow(%d) is %#x, above the boundary", size, h)
		}
	} else {
		h = r.r.Alloc(size)
	}
	switch room := top+uint64(unitsOf(size)) <= r.r.limit; {
	case h == 0 && !low && !heap && !r.denied(size) && room:
		r.t.Fatalf("no room for %d bytes with the top at %#x of %#x", size, top, r.r.limit)
	case h == 0:
		return
	case r.denied(size):
		r.t.Fatalf("%d bytes were given out, which were denied", size)
	}
	r.wantZero(h)
	r.hold(h, size)
}

// wantZero checks that the owner's bits of a block's first word are zero.
func (r *fuzzRegion) wantZero(h Handle) {
	r.t.Helper()
	if w := *(*uint32)(r.s.At(h)); w&^Bits != 0 {
		r.t.Fatalf("block %#x: first word is %#x, want zero but for the region's bits", h, w)
	}
}

func (r *fuzzRegion) resize(b *heldBlock, size int) {
	r.t.Helper()
	grows := Size(size) > Size(b.size)
	if grows && r.r.Live()+int64(size) > most {
		return
	}
	if !r.r.Resize(b.h, b.size, size) {
		if !grows {
			r.t.Fatalf("shrinking %d bytes to %d failed", b.size, size)
		}
		return
	}
	if grows && r.denied(size) {
		r.t.Fatalf("%d bytes have become %d, which were denied", b.size, size)
	}
	r.verify(heldBlock{h: b.h, size: min(b.size, size), fill: b.fill})
	b.size = size
	r.fill(*b)
}

func (r *fuzzRegion) cut(b *heldBlock, front int) {
	r.t.Helper()
	if front = front / Unit * Unit; Size(b.size)-front < MinBlock {
		return
	}
	h := r.r.CutFront(b.h, b.size, front)
	if want := b.h + Handle(front/Unit); h != want {
		r.t.Fatalf("CutFront(%d) of %#x is %#x, want %#x", front, b.h, h, want)
	}
	if front > 0 {
		r.wantZero(h)
	}
	b.h, b.size = h, b.size-front
	for i, c := range r.bytes(h, b.size)[:max(b.size-4, 0)] {
		if c != b.fill {
			r.t.Fatalf("block %#x of %d: byte %d is %#x after CutFront, want %#x", h, b.size, i+4, c, b.fill)
		}
	}
	r.fill(*b)
}

func (r *fuzzRegion) lower(b *heldBlock) {
	r.t.Helper()
	// All that the block has: fill writes it.
	size := max(b.size, MinBlock)
	h := r.r.Lower(b.h, size)
	if h == 0 {
		return // as it was, which the next check verifies
	}
	if r.r.High(h) || r.denied(size) {
		r.t.Fatalf("Lower of %d bytes is %#x: above the boundary %v, denied %v", size, h, r.r.High(h), r.denied(size))
	}
	b.h = h
	r.verify(*b)
}

// empty frees all blocks: nothing of them may be left.
func (r *fuzzRegion) empty(p *fuzzProgram) {
	r.t.Helper()
	for len(r.blocks) > 0 {
		r.free(int(p.byte()) % len(r.blocks))
	}
	r.check()
	if st := r.r.Stats(); st.Blocks != 0 || st.Live != 0 || !heap && st.Span != 0 {
		r.t.Fatalf("all was freed, and the region has %+v", st)
	}
}
