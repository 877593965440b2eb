package cli

import (
	"fmt"
	"math"
	"runtime/debug"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/internal/resident"
)

// TestItemsAreNotOverhead: wherever items lie, and what their lives need, counts
// once.
func TestItemsAreNotOverhead(t *testing.T) {
	t.Parallel()
	c, err := config.Resolve(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.MaxMemory, c.Compression = 1<<30, -1
	items, err := openCache(c, &runtimeLimit{most: math.MaxInt64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = items.Close() })
	const size, lives = 64 << 20, 100_000
	for i := range size >> 20 {
		if err := items.Set(fmt.Sprintf("large:%02d", i), make([]byte, 1<<20), cache.Forever); err != nil {
			t.Fatal(err)
		}
	}
	for i := range lives {
		if err := items.Set(fmt.Sprintf("short:%06d", i), []byte("v"), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	s, err := items.Stats()
	if err != nil || s.MemoryUsed < size || s.MemoryHeap < lives*64 || cache.OffHeap && s.MemoryHeap > lives*256 || !cache.OffHeap && s.MemoryHeap < size {
		t.Fatalf("%d bytes taken, %d of them in the heap", s.MemoryUsed, s.MemoryHeap)
	}
	// Whatever else the process takes, it is the same with and without them.
	const all = 1 << 30
	if with, without := overhead(math.MaxInt64, all, 0), overhead(math.MaxInt64, all, s.MemoryHeap); with-without != s.MemoryHeap {
		t.Errorf("%d bytes are in the heap and make the overhead %d instead of %d", s.MemoryHeap, without, with)
	}
}

// TestProgramIsOverhead: max_memory is for the pages of the program's file, too, where
// the system tells how many there are.
// Not parallel: others would change what the runtime has between two looks.
func TestProgramIsOverhead(t *testing.T) {
	c, err := config.Resolve(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	c.MaxMemory = 16 << 20 // what is set aside for the runtime is far less than it has
	items, err := openCache(c, &runtimeLimit{most: math.MaxInt64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = items.Close() })
	// There may be a little more or less of either a moment later.
	const some = 2 << 20
	was := runtimeMemory()
	got, is, files := items.Options().Overhead(0), runtimeMemory(), resident.Files()
	if got < min(was, is)+files-some || got > max(was, is)+files+some {
		t.Errorf("the overhead is %d bytes, want %d of the runtime and %d of files", got, is, files)
	}
}

// TestLastKnown: what cannot be told for a moment is not nothing.
func TestLastKnown(t *testing.T) {
	t.Parallel()
	var l lastKnown
	for i, step := range []struct{ n, want int64 }{{0, 0}, {8, 8}, {0, 8}, {4, 4}, {0, 4}} {
		if got := l.of(step.n); got != step.want {
			t.Errorf("step %d: %d is %d, want %d", i, step.n, got, step.want)
		}
	}
}

func TestSoftLimit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ maxMemory, own, want int64 }{
		{8 << 30, 0, 1 << 30},
		{8 << 30, 4 << 30, 1<<30 + 4<<30 + 1<<29}, // what is live stays below
		{1 << 20, 0, leastRuntime},
		{1 << 20, 8 << 20, leastRuntime + 9<<20},
	} {
		if got := softLimit(tc.maxMemory, tc.own); got != tc.want {
			t.Errorf("a max_memory of %d, %d of it in the heap: soft limit of %d, want %d", tc.maxMemory, tc.own, got, tc.want)
		}
	}
}

// TestRuntimeLimit: the runtime is told a limit that is notably another one only.
func TestRuntimeLimit(t *testing.T) { // not parallel: the limit is the process's
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	l := runtimeLimit{most: 10 << 30}
	for _, step := range []struct{ maxMemory, own, want int64 }{
		{0, 1 << 30, before}, // not known yet
		{8 << 30, 0, 1 << 30},
		{8 << 30, 32 << 20, 1 << 30}, // too little to be noticed
		{8 << 30, 1 << 30, 1<<30 + 1<<30 + 1<<27},
		{8 << 30, 0, 1 << 30},
		{80 << 30, 1 << 30, 10 << 30}, // the most
	} {
		l.own(step.own)
		l.maxMemory(step.maxMemory)
		if got := debug.SetMemoryLimit(-1); got != step.want {
			t.Errorf("a max_memory of %d, %d of it in the heap: the limit is %d, want %d", step.maxMemory, step.own, got, step.want)
		}
	}
}
