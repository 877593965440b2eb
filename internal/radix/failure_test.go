package radix

import (
	"errors"
	"strings"
	"testing"
)

// An allocation that fails, whichever of an operation's it is, leaves the
// tree as it was; what only gives memory back does not fail.
func TestAllocationFailures(t *testing.T) {
	for i, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			steps := 2000 / slow
			if strings.Contains(s.name, "long") {
				steps = 400 / slow
			}
			m := newModel(t, s, uint64(i))
			failed, runs := 0, 0
			for n := range steps {
				if m.rng.IntN(2) == 0 {
					m.step(n/(steps/4)%2 == 0)
					continue
				}
				after := m.rng.IntN(3)
				deny := func(int) bool { after--; return after < 0 }
				for _, r := range m.tree.regions() {
					r.Deny(deny)
				}
				if m.rng.IntN(3) == 0 && len(m.keys) > 0 {
					m.remove(m.keys[m.rng.IntN(len(m.keys))])
				} else if m.rng.IntN(4) == 0 {
					m.detach()
				} else if m.rng.IntN(8) == 0 {
					after = m.rng.IntN(60)
					if !m.putRun() {
						runs++
					}
				} else if !m.tryPut(m.shape.key(m.rng)) {
					failed++
				}
				for _, r := range m.tree.regions() {
					r.Deny(nil)
				}
				if n%50 == 0 {
					m.check()
				}
			}
			if failed == 0 {
				t.Error("no Put failed")
			}
			if runs == 0 {
				t.Error("no PutRun failed")
			}
			m.all()
		})
	}
}

// tryPut is put that may fail, and reports whether it did not.
func (m *model) tryPut(key string) bool {
	m.t.Helper()
	size := m.size()
	rec, err := m.tree.Put([]byte(key), size)
	if err != nil {
		if !errors.Is(err, ErrMemory) {
			m.t.Fatal(err)
		}
		m.find(key)
		return false
	}
	want := m.content(size)
	copy(rec, want)
	m.note(key, want)
	return true
}

func TestStoreNeedsSeek(t *testing.T) {
	tree := newTree(t)
	if _, err := tree.Store(1); !errors.Is(err, ErrNoSeek) {
		t.Errorf("Store without Seek: %v", err)
	}
	tree.Seek([]byte("k"))
	if _, err := tree.Store(1); err != nil {
		t.Errorf("Store after Seek: %v", err)
	}
	if _, err := tree.Store(1); !errors.Is(err, ErrNoSeek) {
		t.Errorf("second Store after Seek: %v", err)
	}
	tree.Seek([]byte("k"))
	tree.Detach([]byte("x"))
	if tree.Remove() {
		t.Error("Remove after a change that followed Seek removed something")
	}
	if _, err := tree.Put(make([]byte, MaxKey+1), 1); !errors.Is(err, ErrKey) {
		t.Errorf("Put of a key that is too long: %v", err)
	}
	if _, err := tree.Put([]byte("k"), -1); !errors.Is(err, ErrMemory) {
		t.Errorf("Put of a record of -1 bytes: %v", err)
	}
}

func TestPutRunRefuses(t *testing.T) {
	tree := newTree(t)
	run := func(keys ...string) (int, error) {
		return tree.PutRun([]byte("k"), []byte("rec"), func(yield func([]byte) bool) {
			for _, key := range keys {
				if !yield([]byte(key)) {
					return
				}
			}
		})
	}
	if n, err := run(); n != 0 || err != nil {
		t.Errorf("PutRun of nothing = %d, %v", n, err)
	}
	for want, keys := range map[error][]string{
		ErrKey: {"k1", "k" + strings.Repeat("2", MaxKey)},
		ErrRun: {"k1", "k10", "k1"},
	} {
		if n, err := run(keys...); n != 0 || !errors.Is(err, want) {
			t.Errorf("PutRun = %d, %v, want %v", n, err, want)
		}
		if tree.Len() != 0 || tree.Memory().Used != 0 {
			t.Errorf("PutRun failed: %v, and left %d items in %d bytes", want, tree.Len(), tree.Memory().Used)
		}
	}
	if n, err := run("k", "k1", "k10"); n != 3 || err != nil || tree.Len() != 3 {
		t.Errorf("PutRun = %d, %v, want 3", n, err)
	}
}

// Whichever allocation of a run fails, the last one included that gives the
// family its place, nothing is left of it.
func TestPutRunFails(t *testing.T) {
	long := strings.Repeat("long", 200)
	keys := []string{"k:" + long, "k:" + long + "1", "k:" + long + "12", "k:" + long + "2", "k:x1", "k:x2", "k:y"}
	for _, other := range []string{"k", "l", "k;1 k;2", "ab ac"} {
		tree := newTree(t)
		for key := range strings.FieldsSeq(other) {
			if _, err := tree.Put([]byte(key), 10); err != nil {
				t.Fatal(err)
			}
		}
		items, before := tree.Len(), tree.Memory()
		for after := 0; ; after++ {
			left := after
			for _, r := range tree.regions() {
				r.Deny(func(int) bool { left--; return left < 0 })
			}
			_, err := tree.PutRun([]byte("k:"), []byte("rec"), func(yield func([]byte) bool) {
				for _, key := range keys {
					if !yield([]byte(key)) {
						return
					}
				}
			})
			for _, r := range tree.regions() {
				r.Deny(nil)
			}
			if wrong := tree.Check(); wrong != nil {
				t.Fatal(wrong)
			}
			if err == nil {
				if after <= len(keys) || tree.Len() != items+len(keys) {
					t.Errorf("beside %s: %d items after %d allocations", other, tree.Len(), after)
				}
				break
			}
			if m := tree.Memory(); !errors.Is(err, ErrMemory) || tree.Len() != items || m.Used != before.Used {
				t.Fatalf("beside %s, allocation %d: %v, %d items, %+v; before %d, %+v", other, after, err, tree.Len(), m, items, before)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, limit := range []int64{-1, MaxLimit + 1} {
		if tree, err := New(Options{Limit: limit}); err == nil {
			tree.Close()
			t.Errorf("New with a limit of %d succeeded", limit)
		}
	}
}

// Any limit will do, not only those that divide into whole pages.
func TestNewTakesAnyLimit(t *testing.T) {
	for _, limit := range []int64{0, 1, 12_345_678_901, 15_000_000_000, 20_000_000_000, MaxLimit - 1, MaxLimit} {
		tree, err := New(Options{Limit: limit})
		if err != nil {
			t.Errorf("New with a limit of %d: %v", limit, err)
			continue
		}
		if _, err := tree.Put([]byte("k"), 1); err != nil {
			t.Errorf("Put with a limit of %d: %v", limit, err)
		}
		tree.Close()
	}
}

// newTree returns a tree that is checked when the test ends.
func newTree(t testing.TB) *Tree {
	t.Helper()
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer tree.Close()
		if t.Failed() {
			return
		}
		if err := tree.Check(); err != nil {
			t.Error(err)
		}
	})
	return tree
}
