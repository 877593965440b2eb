package radix

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// FuzzTree reads its input as a program: each operation is an opcode and what
// it needs, a key being made of a repeated part and a tail, so that short
// inputs make long keys that share much.
func FuzzTree(f *testing.F) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 0))
		program := make([]byte, 200)
		for i := range program {
			program[i] = byte(r.Uint32N(8 << (seed % 6)))
		}
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		m := newModel(t, shapes[0], 0)
		p := fuzzProgram{rest: program}
		m.shape.key = func(*rand.Rand) string { return p.key() }
		for n := 0; len(p.rest) > 0 && n < 500; n++ {
			p.step(m)
		}
		m.check()
		m.all()
	})
}

type fuzzProgram struct {
	rest  []byte
	known []string
}

func (p *fuzzProgram) byte() byte {
	if len(p.rest) == 0 {
		return 0
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return b
}

// key reads a key: a new one, or one that was there with another tail.
func (p *fuzzProgram) key() string {
	op := p.byte()
	base := ""
	if len(p.known) > 0 && op&1 != 0 {
		base = p.known[int(p.byte())%len(p.known)]
		base = base[:int(p.byte())*len(base)/255]
	}
	repeat := int(op >> 4)
	if op&2 != 0 {
		repeat *= 37
	}
	if len(base) > 2000 {
		base = base[:2000] // or inputs become slow
	}
	key := base + strings.Repeat(string(rune('a'+op>>2&1)), repeat)
	for range op >> 2 & 3 {
		key += string([]byte{p.byte()})
	}
	if !slices.Contains(p.known, key) && len(p.known) < 255 {
		p.known = append(p.known, key)
	}
	return key
}

func (p *fuzzProgram) step(m *model) {
	switch p.byte() % 11 {
	case 0, 1, 2, 3:
		m.put(p.key())
	case 4, 5:
		m.remove(p.key())
	case 6:
		m.detach()
	case 7:
		m.reclaim(int(p.byte()))
	case 8:
		m.compact()
	case 9:
		m.count()
		m.walk()
		m.nth()
		m.find(p.key())
	case 10:
		m.putRun()
	}
}
