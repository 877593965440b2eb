package radix

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

var modelSteps = flag.Int("radix.steps", 4000, "random operations for each shape of keys in the model test")

// model drives a tree and a sorted slice with the same operations.
type model struct {
	t      *testing.T
	tree   *Tree
	rng    *rand.Rand
	shape  shape
	keys   []string          // ascending
	recs   map[string]string // what each record holds
	queued map[string]int    // contents of detached records, how often
	serial int
}

// A shape draws keys.
type shape struct {
	name string
	key  func(r *rand.Rand) string
}

func letters(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

var allBytes = func() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}()

var shapes = []shape{
	{"numbers", func(r *rand.Rand) string { return fmt.Sprintf("app:user:%06d:profile", r.IntN(3000)) }},
	{"prefixes of each other", func(r *rand.Rand) string { return strings.Repeat("a", r.IntN(600)) }},
	{"two letters", func(r *rand.Rand) string { return letters(r, "ab", r.IntN(12)) }},
	{"zero and ff", func(r *rand.Rand) string { return letters(r, "\x00\xff", r.IntN(10)) }},
	{"any bytes", func(r *rand.Rand) string { return letters(r, allBytes, r.IntN(4)) }},
	{"many siblings", func(r *rand.Rand) string { return "x" + letters(r, allBytes, 1) + letters(r, "yz", r.IntN(2)) }},
	{"long common parts", func(r *rand.Rand) string {
		return strings.Repeat("long/", 40*r.IntN(5)+r.IntN(3)) + letters(r, "ab", r.IntN(3))
	}},
	{"prefixes around the limit", func(r *rand.Rand) string {
		return strings.Repeat("p", 250+r.IntN(12)) + letters(r, "pq", r.IntN(3)) + strings.Repeat("r", 250+r.IntN(12)) + letters(r, "rs", 1)
	}},
	{"words", func(r *rand.Rand) string {
		return letters(r, "abcdefghijklmnopqrstuvwxyz", 1+r.IntN(3)) + ":" + letters(r, "0123456789abcdef", r.IntN(4))
	}},
	{"very long", func(r *rand.Rand) string {
		return strings.Repeat("v", r.IntN(3)*40000+r.IntN(3)) + letters(r, "vw", r.IntN(3))
	}},
}

func newModel(t *testing.T, s shape, seed uint64) *model {
	t.Helper()
	return &model{
		t: t, tree: newTree(t), rng: rand.New(rand.NewPCG(seed, 1)), shape: s,
		recs: make(map[string]string), queued: make(map[string]int),
	}
}

// size draws the size of a record.
func (m *model) size() int {
	switch m.rng.IntN(200) {
	case 0:
		return m.rng.IntN(300 << 10)
	case 1, 2, 3, 4, 5, 6:
		return 0
	}
	return m.rng.IntN(120)
}

// content makes a record that no other has, unless it is too short.
func (m *model) content(size int) string {
	m.serial++
	b := bytes.Repeat([]byte{byte(m.serial)}, size)
	copy(b, fmt.Sprint(m.serial))
	return string(b)
}

// addressOf returns where a record lies.
func addressOf(rec []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(rec))) }

func (m *model) put(key string) {
	m.t.Helper()
	want := m.content(m.size())
	var rec []byte
	var err error
	if m.rng.IntN(2) == 0 {
		rec, err = m.tree.Put([]byte(key), len(want))
	} else {
		k := []byte(key)
		m.approach(k)
		if old := m.tree.Seek(k); string(old) != m.recs[key] {
			m.t.Fatalf("Seek(%.40q) = %.40q, want %.40q", key, old, m.recs[key])
		}
		rec, err = m.tree.Store(len(want))
	}
	if err != nil || len(rec) != len(want) {
		m.t.Fatalf("Put(%.40q, %d) = %d bytes, %v", key, len(want), len(rec), err)
	}
	copy(rec, want)
	m.note(key, want)
}

// approach may approach key, and may change the tree or look for another key then.
func (m *model) approach(key []byte) {
	if m.rng.IntN(2) == 0 {
		return
	}
	m.tree.Approach(key)
	switch m.rng.IntN(12) {
	case 0:
		m.remove(m.shape.key(m.rng))
	case 1:
		if prefix := string(key[:m.rng.IntN(len(key)+1)]); len(m.family(prefix)) < 20 {
			m.detachAll(prefix)
		}
	case 2:
		m.tree.Approach([]byte(m.shape.key(m.rng)))
	case 3:
		m.compact()
	case 4:
		m.reclaim(m.rng.IntN(20))
	case 5:
		m.putRun()
	}
}

// note is what put does to the model.
func (m *model) note(key, want string) {
	if i, found := slices.BinarySearch(m.keys, key); !found {
		m.keys = slices.Insert(m.keys, i, key)
	}
	m.recs[key] = want
}

// putRun puts keys that ascend, under a prefix that it makes free if few keys
// have it. Some orders are wrong. It reports whether there was memory.
func (m *model) putRun() bool {
	m.t.Helper()
	prefix := m.prefix()
	gone := m.family(prefix)
	if len(gone) > 20 {
		prefix = m.shape.key(m.rng) + "!"
		gone = m.family(prefix)
	}
	keys := slices.Clone(gone)
	for range m.rng.IntN(40) {
		key := m.shape.key(m.rng)
		if !strings.HasPrefix(key, prefix) {
			key = prefix + key[m.rng.IntN(len(key)+1):]
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	rec := m.content(m.size())
	put := func(keys []string) (int, error) {
		key := []byte(nil)
		return m.tree.PutRun([]byte(prefix), []byte(rec), func(yield func([]byte) bool) {
			for _, k := range keys {
				clear(key) // it was good until now only
				if key = append(key[:0], k...); !yield(key) {
					return
				}
			}
		})
	}
	refused := func(why string, keys []string) {
		m.t.Helper()
		if n, err := put(keys); n != 0 || !errors.Is(err, ErrRun) && !errors.Is(err, ErrMemory) {
			m.t.Fatalf("PutRun(%.40q), %s, of %.40q = %d, %v", prefix, why, keys, n, err)
		}
	}
	if len(gone) > 0 {
		refused("whose keys are there", keys)
		m.detachAll(prefix)
	}
	if i := len(keys) - 1; i > 0 {
		wrong := slices.Clone(keys)
		wrong[i], wrong[i-1] = wrong[i-1], wrong[i]
		refused("descending", wrong)
		refused("twice", slices.Insert(slices.Clone(keys), i, keys[i]))
	}
	if i := len(prefix) - 1; i >= 0 && prefix[i] < 0xff {
		refused("outside", append(slices.Clone(keys), prefix[:i]+string([]byte{prefix[i] + 1})))
	}
	n, err := put(keys)
	if err != nil {
		if n != 0 || !errors.Is(err, ErrMemory) {
			m.t.Fatalf("PutRun(%.40q) of %d keys = %d, %v", prefix, len(keys), n, err)
		}
		return false
	}
	if n != len(keys) {
		m.t.Fatalf("PutRun(%.40q) = %d, want %d", prefix, n, len(keys))
	}
	for _, key := range keys {
		m.note(key, rec)
	}
	return true
}

func (m *model) remove(key string) {
	m.t.Helper()
	i, found := slices.BinarySearch(m.keys, key)
	if got := m.tree.Delete([]byte(key)); got != found {
		m.t.Fatalf("Delete(%.40q) = %v, want %v", key, got, found)
	}
	if found {
		m.keys = slices.Delete(m.keys, i, i+1)
		delete(m.recs, key)
	}
}

// family returns the model's keys that begin with prefix.
func (m *model) family(prefix string) []string {
	i, _ := slices.BinarySearch(m.keys, prefix)
	j := i
	for j < len(m.keys) && strings.HasPrefix(m.keys[j], prefix) {
		j++
	}
	return m.keys[i:j]
}

// prefix draws a prefix: of a key that is there, or of any.
func (m *model) prefix() string {
	key := m.shape.key(m.rng)
	if len(m.keys) > 0 && m.rng.IntN(3) > 0 {
		key = m.keys[m.rng.IntN(len(m.keys))]
	}
	return key[:m.rng.IntN(len(key)+1)]
}

func (m *model) detach() {
	m.t.Helper()
	prefix := m.prefix()
	if len(m.family(prefix)) > 20 && m.rng.IntN(20) > 0 {
		return // or nothing would ever grow
	}
	m.detachAll(prefix)
}

func (m *model) detachAll(prefix string) {
	m.t.Helper()
	gone := slices.Clone(m.family(prefix))
	if got := m.tree.Detach([]byte(prefix)); got != len(gone) {
		m.t.Fatalf("Detach(%.40q) = %d, want %d", prefix, got, len(gone))
	}
	for _, key := range gone {
		i, _ := slices.BinarySearch(m.keys, key)
		m.keys = slices.Delete(m.keys, i, i+1)
		m.queued[m.recs[key]]++
		delete(m.recs, key)
	}
}

func (m *model) reclaim(limit int) bool {
	m.t.Helper()
	seen := 0
	more := m.tree.Reclaim(limit, func(rec []byte) {
		seen++
		if m.queued[string(rec)]--; m.queued[string(rec)] < 0 {
			m.t.Fatalf("Reclaim showed the record %.40q, which was not detached or was shown before", rec)
		}
		if m.queued[string(rec)] == 0 {
			delete(m.queued, string(rec))
		}
	})
	if seen > limit {
		m.t.Fatalf("Reclaim(%d) showed %d records", limit, seen)
	}
	if !more && len(m.queued) > 0 {
		m.t.Fatalf("Reclaim says it is done and has not shown %d records", len(m.queued))
	}
	return more
}

func (m *model) count() {
	m.t.Helper()
	prefix := m.prefix()
	items, weight := m.tree.Weigh([]byte(prefix))
	want := m.family(prefix)
	wantWeight := 0
	for _, key := range want {
		wantWeight += len(key) + len(m.recs[key])
	}
	if items != len(want) || weight != int64(wantWeight) {
		m.t.Fatalf("Weigh(%.40q) = %d, %d, want %d, %d", prefix, items, weight, len(want), wantWeight)
	}
	if n := m.tree.Count([]byte(prefix)); n != items {
		m.t.Fatalf("Count(%.40q) = %d, want %d", prefix, n, items)
	}
}

func (m *model) walk() {
	m.t.Helper()
	prefix := m.prefix()
	from := ""
	switch m.rng.IntN(4) {
	case 0:
		from = m.shape.key(m.rng)
	case 1:
		from = m.prefix()
	case 2:
		if family := m.family(prefix); len(family) > 0 {
			from = family[m.rng.IntN(len(family))]
		}
	}
	want := m.family(prefix)
	i, _ := slices.BinarySearch(want, from)
	want = want[i:]
	limit := 1 + m.rng.IntN(50)
	got := 0
	m.tree.Walk([]byte(prefix), []byte(from), func(key, rec []byte) bool {
		if got >= len(want) || string(key) != want[got] || string(rec) != m.recs[want[got]] {
			m.t.Fatalf("Walk(%.40q, %.40q): %d-th key is %.40q", prefix, from, got, key)
		}
		got++
		return got < limit
	})
	if got != min(limit, len(want)) {
		m.t.Fatalf("Walk(%.40q, %.40q) showed %d keys, want %d", prefix, from, got, min(limit, len(want)))
	}
}

func (m *model) nth() {
	m.t.Helper()
	i := m.rng.IntN(len(m.keys)+2) - 1
	key, rec := nth(m.tree, i, []byte("buf:"))
	if i < 0 || i >= len(m.keys) {
		if key != nil || rec != nil {
			m.t.Fatalf("WalkNth(%d) of %d is %q", i, len(m.keys), key)
		}
		return
	}
	if string(key) != "buf:"+m.keys[i] || string(rec) != m.recs[m.keys[i]] {
		m.t.Fatalf("WalkNth(%d) = %.40q, %.40q, want %.40q, %.40q", i, key, rec, m.keys[i], m.recs[m.keys[i]])
	}
}

func (m *model) find(key string) {
	m.t.Helper()
	want, ok := m.recs[key]
	rec := m.tree.Find([]byte(key))
	if (rec != nil) != ok || string(rec) != want {
		m.t.Fatalf("Find(%.40q) = %.40q, want %.40q, %v", key, rec, want, ok)
	}
}

func (m *model) step(growing bool) {
	m.t.Helper()
	op := m.rng.IntN(100)
	switch {
	case op < 40 == growing:
		m.put(m.shape.key(m.rng))
	case op < 60:
		m.remove(m.shape.key(m.rng))
	case op < 65 && len(m.keys) > 0:
		m.remove(m.keys[m.rng.IntN(len(m.keys))])
	case op < 68:
		m.detach()
	case op == 68:
		m.putRun()
	case op < 75:
		m.reclaim(m.rng.IntN(20))
	case op < 82:
		m.count()
	case op < 86:
		m.walk()
	case op < 90:
		m.nth()
	case op < 91:
		m.tree.Defrag(m.rng.IntN(50))
	case op < 92:
		m.compact()
	default:
		m.find(m.shape.key(m.rng))
	}
}

// compact sets a boundary where Defrag would not, for trees as small as
// these, and lets it walk.
func (m *model) compact() {
	for _, r := range m.tree.regions() {
		r.SetBoundary(r.Start() + handle(m.rng.Uint32N(uint32(r.Top()-r.Start())+1)))
	}
	m.tree.defrag.active = true
	m.tree.defrag.cursor = append(m.tree.defrag.cursor[:0], m.shape.key(m.rng)...)
	m.tree.Defrag(1 + m.rng.IntN(100))
}

func (m *model) check() {
	m.t.Helper()
	loose, err := m.tree.check()
	if err != nil {
		m.t.Fatal(err)
	}
	m.tree.loose = loose // or each that has gone since would excuse another
	if m.tree.Len() != len(m.keys) {
		m.t.Fatalf("Len() = %d, want %d", m.tree.Len(), len(m.keys))
	}
}

// all compares the whole content, and empties the tree key by key.
func (m *model) all() {
	m.t.Helper()
	i := 0
	m.tree.Walk(nil, nil, func(key, rec []byte) bool {
		if i >= len(m.keys) || string(key) != m.keys[i] || string(rec) != m.recs[m.keys[i]] {
			m.t.Fatalf("Walk: %d-th key is %.40q", i, key)
		}
		i++
		return true
	})
	if i != len(m.keys) {
		m.t.Fatalf("Walk showed %d keys, want %d", i, len(m.keys))
	}
	for len(m.keys) > 0 {
		m.remove(m.keys[m.rng.IntN(len(m.keys))])
	}
	for m.reclaim(7) {
	}
	m.check()
	if used := m.tree.Memory().Used; used != 0 {
		m.t.Fatalf("the tree is empty and takes %d bytes", used)
	}
}

func TestModel(t *testing.T) {
	for i, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			steps := *modelSteps / slow
			if strings.Contains(s.name, "long") {
				steps /= 4
			}
			m := newModel(t, s, uint64(i))
			for n := range steps {
				m.step(n/(steps/4)%2 == 0)
				if n%100 == 0 || n < 200 {
					m.check()
				}
			}
			m.all()
		})
	}
}
