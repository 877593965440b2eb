package server

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestInputGrowsWithWhatArrives fills an input byte by byte and in large
// pieces: its memory stays in proportion to what it holds, and nothing is lost.
func TestInputGrowsWithWhatArrives(t *testing.T) {
	const most = 1<<20 + 4
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 32<<10)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	var pool blockPool
	in := input{pool: &pool, max: most, blk: pool.get(blockSize)}
	var model []byte
	peak := 0 // the most that was held since it was last little
	for range 5_000 {
		room := in.room()
		if len(room) == 0 {
			t.Fatal("no room")
		}
		n := 1 + rng.IntN(min(len(room), 1+rng.IntN(9000)))
		copy(room[:n], noise[rng.IntN(len(noise)/2):])
		model = append(model, room[:n]...)
		in.added(n)
		if !bytes.Equal(in.pending(), model) {
			t.Fatal("what is pending is not what was read")
		}
		peak = max(peak, len(model))
		if held := cap(in.blk.b); held > 2*max(peak, blockSize/2) {
			t.Fatalf("the buffer has %d bytes for %d, at most %d before", held, len(model), peak)
		}
		switch {
		case len(model) > most-9000, rng.IntN(400) == 0:
			in.r, model = in.w, nil
		case rng.IntN(10) == 0:
			k := rng.IntN(len(model))
			in.r += k
			model = model[k:]
		}
		if len(model) <= blockSize/2 {
			peak = 0
		}
	}
}

// TestInputHoldsTheLargestRequest fills an input to its limit exactly.
func TestInputHoldsTheLargestRequest(t *testing.T) {
	for _, most := range []int{6, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 5, 2<<20 + 4} {
		var pool blockPool
		in := input{pool: &pool, max: most, blk: pool.get(blockSize)}
		total := 0
		for total < most {
			n := min(len(in.room()), most-total)
			in.added(n)
			total += n
		}
		if len(in.pending()) != most {
			t.Errorf("%d bytes pending, want %d", len(in.pending()), most)
		}
		if size := cap(in.blk.b); size > max(blockSize, 2*most) {
			t.Errorf("%d bytes are held for the largest request of %d", size, most)
		}
		in.clear()
		if size := cap(in.blk.b); size > blockSize {
			t.Errorf("%d bytes are held after clear", size)
		}
	}
}

func TestBlockPool(t *testing.T) {
	for _, n := range []int{1, blockSize - 1, blockSize, blockSize + 1, 100_000, maxPooled - 1, maxPooled, maxPooled + 1, 5 << 20} {
		var pool blockPool
		// Capacities that are no power of two come from append. A block must
		// not come back as more than it is.
		pool.put(&block{make([]byte, 1, n)})
		for _, m := range []int{1, n, n + 1, 2 * n} {
			b := pool.get(m)
			if cap(b.b) < m || len(b.b) != 0 {
				t.Fatalf("get(%d) after put of %d: length %d, capacity %d", m, n, len(b.b), cap(b.b))
			}
			pool.put(b)
		}
	}
	var pool blockPool
	b := &block{append(make([]byte, 0, 10), "0123456789"...)}
	pool.grow(b, 1000)
	if string(b.b) != "0123456789" || cap(b.b) < 1000 {
		t.Errorf("grow: %q with capacity %d", b.b, cap(b.b))
	}
}

// TestOutputIsGivenBack checks that a workspace does not keep the buffer of a
// big reply.
func TestOutputIsGivenBack(t *testing.T) {
	srv := &Server{Cache: newCache(t, nil)}
	if err := srv.setUpOnce(); err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(srv)
	for _, test := range []struct{ grown, most int }{{1, blockSize}, {keepSize, keepSize}, {keepSize + 1, blockSize}, {8 << 20, blockSize}} {
		srv.blocks.grow(w.out, test.grown)
		w.trim()
		if size := cap(w.out.b); size > test.most || len(w.out.b) != 0 {
			t.Errorf("after %d bytes: length %d, capacity %d, want 0 and at most %d", test.grown, len(w.out.b), size, test.most)
		}
	}
}
