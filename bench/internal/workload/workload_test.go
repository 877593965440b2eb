package workload

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestFamilyKeys(t *testing.T) {
	f := Users()
	if got, want := f.Key(42), "app:user:00000042:profile"; got != want {
		t.Errorf("Key(42) = %q, want %q", got, want)
	}
	if got := len(f.Key(0)); got != f.KeySize() || got != 25 {
		t.Errorf("key is %d bytes, KeySize %d, want 25", got, f.KeySize())
	}
	if got, want := f.Key(99999999), "app:user:99999999:profile"; got != want {
		t.Errorf("Key(99999999) = %q, want %q", got, want)
	}
	if got, want := Sessions().KeySize(), f.KeySize(); got != want {
		t.Errorf("Sessions' keys are %d bytes, want %d as Users'", got, want)
	}
}

func TestFamilyPartCoversTenThousand(t *testing.T) {
	f, n := Users(), 0
	part := []byte(f.Part("0042"))
	for i := range uint32(1_000_000) {
		if bytes.HasPrefix(f.Append(nil, i), part) {
			n++
		}
	}
	if n != 10_000 {
		t.Errorf("prefix %q covers %d keys of 1M, want 10000", part, n)
	}
}

func TestValueTellsItsKey(t *testing.T) {
	a, b := AppendValue(nil, 7, 100), AppendValue(nil, 8, 100)
	if len(a) != 100 || bytes.Equal(a, b) {
		t.Errorf("values of keys 7 and 8: %q, %q, want 100 different bytes", a, b)
	}
	if got := AppendValue(nil, 7, 3); string(got) != "000" {
		t.Errorf("three-byte value = %q, want the first three digits", got)
	}
}

func TestChoicesStayInRange(t *testing.T) {
	const n = 1000
	for name, c := range map[string]Choice{
		"uniform": NewUniform(n, 1), "sequence": NewSequence(n), "shuffle": NewShuffle(n, 1), "zipf": NewZipf(n, 0.99, 1),
	} {
		seen := map[uint32]int{}
		for range 20 * n {
			i := c.Next()
			if i >= n {
				t.Fatalf("%s: Next() = %d, want below %d", name, i, n)
			}
			seen[i]++
		}
		if len(seen) < n*9/10 {
			t.Errorf("%s: saw %d of %d numbers in %d draws", name, len(seen), n, 20*n)
		}
		if name == "zipf" && seen[0] < 5*seen[99] {
			t.Errorf("zipf: number 0 came %d times, number 99 %d times: not skewed", seen[0], seen[99])
		}
	}
}

func TestShuffleVisitsEachOnce(t *testing.T) {
	for _, n := range []uint32{1, 2, 3, 5, 64, 1000, 65537} {
		for seed := range uint64(5) {
			s, seen := NewShuffle(n, seed), make([]bool, n)
			for range n {
				i := s.Next()
				if seen[i] {
					t.Fatalf("n %d seed %d: %d came twice", n, seed, i)
				}
				seen[i] = true
			}
		}
	}
}

func TestLogUniform(t *testing.T) {
	rng, small := rand.New(rand.NewPCG(1, 2)), 0
	const draws = 10_000
	for range draws {
		n := LogUniform(rng, 1, 1<<20)
		if n < 1 || n > 1<<20 {
			t.Fatalf("LogUniform = %d, want 1 to 1 MiB", n)
		}
		if n < 1<<10 {
			small++
		}
	}
	// Half of the powers of two between 1 and 1 MiB lie below 1 KiB.
	if small < draws*45/100 || small > draws*55/100 {
		t.Errorf("%d of %d sizes below 1 KiB, want about half", small, draws)
	}
}

func BenchmarkUniform(b *testing.B) {
	u, f := NewUniform(1_000_000, 1), Users()
	key := f.Append(nil, 0)
	for b.Loop() {
		PutDigits(key[len(f.Prefix):], u.Next())
	}
}
