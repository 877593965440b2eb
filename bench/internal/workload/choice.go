package workload

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"sort"
)

// Choice says which key number comes next. It is used by one goroutine.
type Choice interface {
	Next() uint32
}

// Uniform chooses from [0, N) with equal chances.
type Uniform struct {
	n   uint64
	rng *rand.PCG
}

// NewUniform returns a choice from [0, n) that repeats itself for equal seeds.
func NewUniform(n uint32, seed uint64) *Uniform {
	return &Uniform{n: uint64(n), rng: rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)}
}

// Next returns a number below n.
func (u *Uniform) Next() uint32 {
	hi, _ := bits.Mul64(u.rng.Uint64(), u.n)
	return uint32(hi)
}

// Sequence counts from 0 to n-1 and then begins again.
type Sequence struct{ n, next uint32 }

// NewSequence returns a Sequence over [0, n).
func NewSequence(n uint32) *Sequence { return &Sequence{n: n} }

// Next returns the next number in order.
func (s *Sequence) Next() uint32 {
	i := s.next
	if s.next++; s.next == s.n {
		s.next = 0
	}
	return i
}

// Shuffle visits every number in [0, n) once in an order that looks random,
// without a table: a linear congruential walk of full period over the next
// power of two, in which numbers outside the range are passed over.
type Shuffle struct {
	n, mask, x, mul, add uint64
}

// NewShuffle returns a walk over [0, n) whose order depends on seed.
func NewShuffle(n uint32, seed uint64) *Shuffle {
	size := uint64(1) << bits.Len64(max(uint64(n), 4)-1)
	rng := rand.NewPCG(seed, 1)
	// Full period modulo 2^k wants mul = 1 (mod 4) and an odd add.
	return &Shuffle{
		n: uint64(n), mask: size - 1,
		mul: rng.Uint64()&^3 | 1,
		add: rng.Uint64() | 1,
		x:   rng.Uint64() & (size - 1),
	}
}

// Next returns the next number of the walk.
func (s *Shuffle) Next() uint32 {
	for {
		s.x = (s.x*s.mul + s.add) & s.mask
		// The low bits of such a walk have short periods; folding the high
		// ones in keeps it a permutation and hides that.
		half := uint(bits.Len64(s.mask)) / 2
		y := s.x ^ s.x>>half
		if y < s.n {
			return uint32(y)
		}
	}
}

// Zipf chooses from [0, n) with chances proportional to 1/(i+1)^skew. The
// standard library's generator wants a skew above 1; caches are usually
// measured with 0.99.
type Zipf struct {
	cumulative []float64
	rng        *rand.Rand
}

// NewZipf returns a choice from [0, n). It keeps a table of n numbers.
func NewZipf(n uint32, skew float64, seed uint64) *Zipf {
	z := &Zipf{cumulative: make([]float64, n), rng: rand.New(rand.NewPCG(seed, 2))}
	sum := 0.0
	for i := range z.cumulative {
		sum += math.Pow(float64(i+1), -skew)
		z.cumulative[i] = sum
	}
	return z
}

// Next returns a number below n; small numbers are the popular ones.
func (z *Zipf) Next() uint32 {
	u := z.rng.Float64() * z.cumulative[len(z.cumulative)-1]
	i := sort.SearchFloat64s(z.cumulative, u)
	return uint32(min(i, len(z.cumulative)-1))
}

// LogUniform returns a size between lo and hi whose logarithm is uniform, so
// that every power of two is as likely as the next.
func LogUniform(rng *rand.Rand, lo, hi int) int {
	v := math.Exp(math.Log(float64(lo)) + rng.Float64()*(math.Log(float64(hi)+1)-math.Log(float64(lo))))
	return min(max(int(v), lo), hi)
}
