package arena

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// A heldBlock is a block of the model: what was asked for and the byte that
// fills it.
type heldBlock struct {
	h    Handle
	size int
	fill byte
}

// model drives a region with random requests and remembers every block.
type model struct {
	t       *testing.T
	s       *Space
	r       *Region
	rng     *rand.Rand
	blocks  []heldBlock
	spoiled bool // on purpose: there is nothing to check at the end
}

func newModel(t *testing.T, seed uint64) *model {
	t.Helper()
	m := reserveModel(t, 1<<20, 128<<20)
	m.rng = rand.New(rand.NewPCG(seed, 0))
	return m
}

// reserveModel drives the last of regions of these sizes. It is checked when the
// test ends.
func reserveModel(t *testing.T, sizes ...int64) *model {
	t.Helper()
	s, err := Reserve(sizes...)
	if err != nil {
		t.Fatal(err)
	}
	m := &model{t: t, s: s, r: s.Region(len(sizes) - 1)}
	t.Cleanup(func() {
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		if !m.spoiled && !t.Failed() {
			m.check()
		}
	})
	return m
}

// bytes returns the bytes of a block that belong to its owner alone.
func (m *model) bytes(h Handle, size int) []byte {
	return unsafe.Slice((*byte)(m.s.At(h)), max(size, MinBlock))[4:]
}

func (m *model) fill(b heldBlock) {
	w := (*uint32)(m.s.At(b.h))
	*w = *w&Bits | uint32(b.fill)<<2
	data := m.bytes(b.h, b.size)
	data[0] = b.fill
	for n := 1; n < len(data); n *= 2 {
		copy(data[n:], data[:n])
	}
}

// hold notes a block that the region gave out, and fills it.
func (m *model) hold(h Handle, size int) {
	b := heldBlock{h: h, size: size, fill: byte(len(m.blocks))}
	m.fill(b)
	m.blocks = append(m.blocks, b)
}

// take allocates a block of size bytes.
func (m *model) take(size int) Handle {
	m.t.Helper()
	h := m.r.Alloc(size)
	if h == 0 {
		m.t.Fatalf("no room for %d bytes", size)
	}
	m.hold(h, size)
	return h
}

func (m *model) verify(b heldBlock) {
	m.t.Helper()
	if w := *(*uint32)(m.s.At(b.h)); w>>2 != uint32(b.fill) {
		m.t.Fatalf("block %#x: first word is %#x, want %#x", b.h, w>>2, b.fill)
	}
	data := m.bytes(b.h, b.size)
	if bytes.Count(data, []byte{b.fill}) == len(data) {
		return
	}
	for i, c := range data {
		if c != b.fill {
			m.t.Fatalf("block %#x of %d: byte %d is %#x, want %#x", b.h, b.size, i+4, c, b.fill)
		}
	}
}

func (m *model) check() {
	m.t.Helper()
	sizes := make(map[Handle]int, len(m.blocks))
	for _, b := range m.blocks {
		sizes[b.h] = b.size
		m.verify(b)
	}
	if err := m.r.Check(func(h Handle) int { return sizes[h] }); err != nil {
		m.t.Fatal(err)
	}
}

// size draws a size: mostly small, some large.
func (m *model) size() int {
	switch m.rng.IntN(20) {
	case 0:
		return 1 + m.rng.IntN(300<<10)
	case 1, 2:
		return 1 + m.rng.IntN(8<<10)
	}
	return 1 + m.rng.IntN(300)
}

func (m *model) alloc() {
	b := heldBlock{size: m.size(), fill: byte(m.rng.Uint32())}
	if m.rng.IntN(4) == 0 {
		b.h = m.r.AllocBelow(b.size)
	} else {
		b.h = m.r.Alloc(b.size)
	}
	if b.h == 0 {
		return
	}
	if w := *(*uint32)(m.s.At(b.h)); w&^Bits != 0 {
		m.t.Fatalf("block %#x: first word is %#x, want zero but for the region's bits", b.h, w)
	}
	m.fill(b)
	m.blocks = append(m.blocks, b)
}

func (m *model) free(i int) {
	b := m.blocks[i]
	m.verify(b)
	m.r.Free(b.h, b.size)
	m.blocks[i] = m.blocks[len(m.blocks)-1]
	m.blocks = m.blocks[:len(m.blocks)-1]
}

func (m *model) step() {
	if len(m.blocks) == 0 {
		m.alloc()
		return
	}
	i := m.rng.IntN(len(m.blocks))
	b := &m.blocks[i]
	switch op := m.rng.IntN(100); {
	case op < 40:
		m.alloc()
	case op < 80:
		m.free(i)
	case op < 90:
		size := m.size()
		if m.r.Resize(b.h, b.size, size) {
			b.size = size
			m.fill(*b)
		} else if Size(size) <= Size(b.size) {
			m.t.Fatalf("shrinking %d bytes to %d failed", b.size, size)
		}
	case op < 98:
		if front := m.rng.IntN(b.size) / Unit * Unit; Size(b.size)-front >= MinBlock {
			h := m.r.CutFront(b.h, b.size, front)
			if want := b.h + Handle(front/Unit); h != want {
				m.t.Fatalf("CutFront returned %#x, want %#x", h, want)
			}
			b.h, b.size = h, Size(b.size)-front
			m.fill(*b)
		}
	case op < 99:
		m.r.SetBoundary(m.r.Start() + Handle(m.rng.Uint64N(m.r.used()+1)))
	default:
		m.r.Trim()
	}
}

func TestRegionAgainstModel(t *testing.T) {
	seeds, steps := uint64(4), 500
	if debug {
		seeds, steps = 2, 100
	}
	for seed := range seeds {
		m := newModel(t, seed)
		for i := range 40 {
			for range steps {
				m.step()
			}
			if i%8 == 7 { // towards empty, so that large free runs come about
				for len(m.blocks) > 20 {
					m.free(m.rng.IntN(len(m.blocks)))
				}
			}
			m.check()
		}
		for len(m.blocks) > 0 {
			m.free(m.rng.IntN(len(m.blocks)))
		}
		m.check()
		if st := m.r.Stats(); st.Blocks != 0 || st.Live != 0 {
			t.Errorf("seed %d: everything was freed, and the region has %+v", seed, st)
		}
		if st := m.r.Stats(); !heap && st.Span != 0 {
			t.Errorf("seed %d: everything was freed, and the top is %d bytes above the start", seed, st.Span)
		}
	}
}

// The neighbours of a freed block are joined with it, whatever the order.
func TestFreeJoinsNeighbours(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		m := newModel(t, 0)
		var h [4]Handle
		for i := range h {
			h[i] = m.take(40)
		}
		for _, i := range order {
			m.release(h[i])
		}
		if got := m.take(120); got != h[0] {
			t.Errorf("freed in order %v: a block of 120 bytes came from %#x, want %#x", order, got, h[0])
		}
	}
}

func TestAllocBelowStaysBelow(t *testing.T) {
	m := newModel(t, 1)
	var hs []Handle
	for range 1000 {
		hs = append(hs, m.take(64))
	}
	for i := 0; i < len(hs); i += 2 {
		m.release(hs[i])
	}
	boundary := hs[300]
	m.r.SetBoundary(boundary)
	got := 0
	for range 1000 {
		h := m.r.AllocBelow(64)
		if h == 0 && got >= 150 {
			break
		}
		if h != 0 {
			got++
			m.hold(h, 64)
		}
		if h >= boundary {
			t.Fatalf("block %#x lies above the boundary %#x", h, boundary)
		}
	}
	if got != 150 {
		t.Errorf("got %d blocks below the boundary, want the 150 that were free", got)
	}
}

// Pages that went back count as taken once a block has them again, be it that an
// allocation takes the whole of a free block or that its neighbour grows into it.
func TestReturnedPagesAreTakenAgain(t *testing.T) {
	if !GivesBack {
		t.Skip("nothing is given back here")
	}
	const size, n = 1 << 20, 32
	for name, again := range map[string]func(r *Region, before, free Handle){
		"alloc": func(r *Region, _, _ Handle) { r.Alloc(size) },
		"grow":  func(r *Region, before, _ Handle) { r.Resize(before, MinBlock, MinBlock+size) },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Reserve(2 * n * size)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			r := s.Region(0)
			r.SmallPages()
			var before, free []Handle
			for range n {
				before = append(before, r.Alloc(MinBlock))
				free = append(free, r.Alloc(size))
			}
			r.Alloc(MinBlock)
			for _, h := range free {
				r.Free(h, size)
			}
			if got := r.Stats(); GivesBack && got.Resident > n*size/2 {
				t.Fatalf("%d bytes are resident, want most of %d to be given back", got.Resident, n*size)
			}
			for i := range n {
				again(r, before[i], free[i])
			}
			if got := r.Stats(); got.Live < n*size || got.Resident < got.Live {
				t.Errorf("%+v: less is resident than in use", got)
			}
		})
	}
}

func TestAllocFails(t *testing.T) {
	s, err := Reserve(1<<20, 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := s.Region(1)
	if h := r.Alloc(5 << 20); h != 0 {
		t.Errorf("a block larger than the region was given out at %#x", h)
	}
	n := 0
	for r.Alloc(1<<10) != 0 {
		n++
	}
	if n < 3<<10 || n > 4<<10 {
		t.Errorf("%d blocks of 1 KiB fit 4 MiB", n)
	}
	if h := s.Region(0).Alloc(16); h == 0 {
		t.Error("one full region keeps another from giving out blocks")
	}
	s.Region(0).Deny(func(size int) bool { return size > 100 })
	if s.Region(0).Alloc(101) != 0 || s.Region(0).Alloc(100) == 0 {
		t.Error("Deny does not decide")
	}
}

func TestReserveRefuses(t *testing.T) {
	for _, sizes := range [][]int64{{0}, {-1}, {MaxSpace + 1}, {MaxSpace, 1}} {
		if s, err := Reserve(sizes...); err == nil {
			s.Close()
			t.Errorf("Reserve(%d) succeeded", sizes)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	s, err := Reserve(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNoGoAllocations(t *testing.T) {
	m := newModel(t, 2)
	var hs [64]Handle
	step := func() {
		for i := range hs {
			hs[i] = m.r.Alloc(i*9 + 1)
		}
		for i := range hs {
			m.r.Free(hs[(i*7)%len(hs)], (i*7)%len(hs)*9+1)
		}
	}
	step()
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("%v Go allocations in 64 allocations and frees, want 0", n)
	}
}
