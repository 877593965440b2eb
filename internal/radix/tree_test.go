package radix

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
)

// TestAgainstSortedMap runs random operations on a tree and on a plain map and
// compares every answer.
func TestAgainstSortedMap(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range uint64(20) {
		m := newModel(t, rand.New(rand.NewPCG(seed, round)))
		for range 2000 {
			m.step()
		}
		m.compare()
		m.drain()
	}
}

// model is a tree beside the map it must agree with.
type model struct {
	t    *testing.T
	r    *rand.Rand
	tree *Tree
	want map[string]string
	// owed is how many records were detached and not yet seen by Reclaim.
	owed int
}

func newModel(t *testing.T, r *rand.Rand) *model {
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &model{t: t, r: r, tree: tree, want: map[string]string{}}
}

// key returns a key of few different bytes, so that keys share prefixes and
// contain each other. Now and then it is a long one.
func (m *model) key() string {
	n := m.r.IntN(7)
	if m.r.IntN(50) == 0 {
		n = m.r.IntN(300)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = "\x00ab\xff"[m.r.IntN(4)]
	}
	return string(b)
}

func (m *model) put(key, val string) {
	rec, err := m.tree.Put([]byte(key), len(val))
	if err != nil || len(rec) != len(val) {
		m.t.Fatalf("Put(%q, %d) = %d bytes, %v", key, len(val), len(rec), err)
	}
	copy(rec, val)
	m.want[key] = val
}

func (m *model) step() {
	m.t.Helper()
	key := m.key()
	switch m.r.IntN(20) {
	default:
		m.put(key, strings.Repeat(string(rune('A'+m.r.IntN(26))), m.r.IntN(20)))
	case 0, 1, 2, 3, 4, 5:
		_, had := m.want[key]
		if got := m.tree.Delete([]byte(key)); got != had {
			m.t.Fatalf("Delete(%q) = %v, want %v", key, got, had)
		}
		delete(m.want, key)
	case 6:
		if m.r.IntN(4) > 0 && len(key) < 2 {
			return // else nothing ever grows
		}
		n := len(m.under(key))
		if got := m.tree.Detach([]byte(key)); got != n {
			m.t.Fatalf("Detach(%q) = %d, want %d", key, got, n)
		}
		m.owed += n
		for _, k := range m.under(key) {
			delete(m.want, k)
		}
	case 7:
		m.tree.Reclaim(m.r.IntN(10), func([]byte) { m.owed-- })
	case 8:
		m.family(key)
	case 9:
		m.walk(key, m.key())
	}
	if m.r.IntN(10) == 0 {
		if err := m.tree.Check(); err != nil {
			m.t.Fatal(err)
		}
	}
	k := m.key()
	v, ok := m.want[k]
	if got := m.tree.Find([]byte(k)); string(got) != v || (got != nil) != ok {
		m.t.Fatalf("Find(%q) = %q, want %q, %v", k, got, v, ok)
	}
	if m.tree.Len() != len(m.want) {
		m.t.Fatalf("Len = %d, want %d", m.tree.Len(), len(m.want))
	}
}

// under returns the model's keys with a prefix, in order.
func (m *model) under(prefix string) []string {
	var keys []string
	for k := range m.want {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return keys
}

func (m *model) family(prefix string) {
	m.t.Helper()
	keys, weight := m.under(prefix), 0
	for _, k := range keys {
		weight += len(k) + len(m.want[k])
	}
	if got := m.tree.Count([]byte(prefix)); got != len(keys) {
		m.t.Fatalf("Count(%q) = %d, want %d", prefix, got, len(keys))
	}
	if n, w := m.tree.Weigh([]byte(prefix)); n != len(keys) || w != int64(weight) {
		m.t.Fatalf("Weigh(%q) = %d, %d, want %d, %d", prefix, n, w, len(keys), weight)
	}
}

func (m *model) walk(prefix, from string) {
	m.t.Helper()
	var want, got []string
	for _, k := range m.under(prefix) {
		if k >= from {
			want = append(want, k+"="+m.want[k])
		}
	}
	limit := m.r.IntN(len(want) + 2)
	m.tree.Walk([]byte(prefix), []byte(from), func(key, rec []byte) bool {
		got = append(got, string(key)+"="+string(rec))
		return len(got) <= limit
	})
	want = want[:min(len(want), limit+1)]
	if fmt.Sprint(got) != fmt.Sprint(want) {
		m.t.Fatalf("Walk(%q, %q) = %q, want %q", prefix, from, got, want)
	}
}

// compare checks the whole order, by Walk and by Nth.
func (m *model) compare() {
	m.t.Helper()
	m.family("")
	m.walk("", "")
	for i, k := range m.under("") {
		if key, rec := m.tree.Nth(i, []byte("x")); string(key) != "x"+k || string(rec) != m.want[k] {
			m.t.Fatalf("Nth(%d) = %q, %q, want %q, %q", i, key, rec, "x"+k, m.want[k])
		}
	}
	if key, rec := m.tree.Nth(m.tree.Len(), nil); key != nil || rec != nil {
		m.t.Fatalf("Nth(Len) = %q, %q, want nothing", key, rec)
	}
}

// drain empties the tree one way or the other and wants every byte back.
func (m *model) drain() {
	m.t.Helper()
	if m.r.IntN(2) == 0 {
		for k := range m.want {
			m.tree.Delete([]byte(k))
		}
	} else {
		m.owed += m.tree.Detach(nil)
	}
	for m.tree.Reclaim(100, func([]byte) { m.owed-- }) {
	}
	if m.owed != 0 {
		m.t.Fatalf("Reclaim has not shown %d records", m.owed)
	}
	if err := m.tree.Check(); err != nil {
		m.t.Fatal(err)
	}
	empty, err := New(Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	if got, want := m.tree.Memory(), empty.Memory(); got != want {
		m.t.Fatalf("emptied tree takes %+v, an empty one %+v", got, want)
	}
}

// TestKeyIsCopied: the caller may reuse the key it gave to Put.
func TestKeyIsCopied(t *testing.T) {
	tree, _ := New(Options{})
	key := []byte("key")
	if _, err := tree.Put(key, 1); err != nil {
		t.Fatal(err)
	}
	copy(key, "xxx")
	if tree.Find([]byte("key")) == nil || bytes.Equal(key, []byte("key")) {
		t.Fatal("the tree kept the caller's slice")
	}
}
