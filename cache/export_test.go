package cache

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// exported returns copies of all records of c.
func exported(t testing.TB, c *Cache) []Record {
	t.Helper()
	var all []Record
	for e := c.Export(); ; {
		records, err := e.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			r.Key, r.Data = slices.Clone(r.Key), slices.Clone(r.Data)
			all = append(all, r)
		}
	}
}

// imported stores records, all of which must be taken.
func imported(t testing.TB, c *Cache, records []Record) {
	t.Helper()
	n, err := c.Import(records)
	if err != nil || n != (Imported{Items: int64(len(records))}) {
		t.Fatalf("%+v, %v, want %d items", n, err, len(records))
	}
}

// metas returns everything that META says of a key.
func metas(t testing.TB, c *Cache, key string) (all [7]int64) {
	t.Helper()
	do(t, c, func(b *Batch) {
		for f := fieldSize; f < fieldUnknown; f++ {
			it := c.find([]byte(key), b.now)
			if it == nil {
				t.Fatalf("no item %q", key)
			}
			all[f] = c.figure([]byte(key), it, f, b.now)
		}
	})
	return all
}

// TestExportImport copies items of all kinds into a cache whose monotonic
// clock stands elsewhere.
func TestExportImport(t *testing.T) {
	c, clock := withClock(t, Options{Compression: 100})
	clock.advance(time.Hour)
	long := strings.Repeat("words and words. ", 100)
	set(t, c, "plain", "some text", 0)
	set(t, c, "long", long, 40*time.Second)
	set(t, c, "short-life", "x", 3*time.Second)
	set(t, c, "locked", "x", 30*time.Second)
	set(t, c, "locked-for-good", "x", 0)
	set(t, c, "lock-is-over-soon", "x", 0)
	if _, err := c.Inc("number"); err != nil {
		t.Fatal(err)
	}
	for key, d := range map[string]time.Duration{"locked": 20 * time.Second, "locked-for-good": Forever, "lock-is-over-soon": time.Second} {
		if _, err := c.Lock(key, d); err != nil {
			t.Fatal(err)
		}
	}
	clock.advance(2500 * time.Millisecond)
	if _, err := c.Inc("number"); err != nil {
		t.Fatal(err)
	}
	records := exported(t, c)
	if !slices.IsSortedFunc(records, func(a, b Record) int { return strings.Compare(string(a.Key), string(b.Key)) }) || len(records) != 7 {
		t.Fatalf("%d records, want 7 in order: %+v", len(records), records)
	}

	other := newTestClock()
	other.wall.Add(int64(time.Hour + 2500*time.Millisecond)) // the same time of day
	to := open(t, Options{Clock: other})
	imported(t, to, records)
	want(t, to, "plain", "some text")
	want(t, to, "long", long)
	want(t, to, "number", "2")
	for _, r := range records {
		got, was := metas(t, to, string(r.Key)), metas(t, c, string(r.Key))
		if got[fieldAccess] = was[fieldAccess]; got != was { // want above was an access
			t.Errorf("%q: META says %v, said %v", r.Key, got, was)
		}
	}
	if n, _, _ := to.MetaAccess("locked"); n != testEpoch+3600 {
		t.Errorf("access %d, want the time from before", n)
	}
	st, was := stats(t, to), stats(t, c)
	if st.Items != 7 || st.CompressedItems != 1 || st.FirstItemSeen != was.FirstItemSeen || st.LastItemSeen != was.LastItemSeen {
		t.Errorf("%+v, want the items of %+v", st, was)
	}
	// Lives and locks go on.
	for _, tc := range []struct {
		pass time.Duration
		key  string
		lock int64
	}{
		{400 * time.Millisecond, "short-life", 0}, {0, "locked", 20}, {0, "lock-is-over-soon", 0},
		{17 * time.Second, "locked", 20}, {200 * time.Millisecond, "locked", 0}, {0, "locked-for-good", -1},
	} {
		other.advance(tc.pass)
		if n, ok, _ := to.MetaLock(tc.key); !ok || n != tc.lock {
			t.Errorf("lock of %q after %v more: %d, %v, want %d", tc.key, tc.pass, n, ok, tc.lock)
		}
	}
	want(t, to, "short-life", "")
	other.advance(time.Minute)
	want(t, to, "long", "")
}

func stats(t testing.TB, c *Cache) Stats {
	t.Helper()
	s, err := c.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestImportWallClock is about the time between Export and Import.
func TestImportWallClock(t *testing.T) {
	from, _ := withClock(t, Options{})
	set(t, from, "a", "x", 10*time.Second)
	set(t, from, "b", "x", 0)
	if _, err := from.Lock("b", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	records := exported(t, from)
	for _, tc := range []struct {
		pass     time.Duration
		left     int64 // of a, -1: it is over
		lockLeft time.Duration
	}{
		{0, 10, 5 * time.Second},
		{4500 * time.Millisecond, 6, 500 * time.Millisecond},
		{7 * time.Second, 3, 0},
		{10 * time.Second, -1, 0},
		{math.MaxInt64 / 2, -1, 0},
		{-time.Hour, 10, 5 * time.Second}, // set back
	} {
		t.Run(tc.pass.String(), func(t *testing.T) {
			clock := newTestClock()
			clock.wall.Add(int64(tc.pass))
			c := open(t, Options{Clock: clock})
			n, err := c.Import(records)
			over := int64(0)
			if tc.left < 0 {
				over = 1
			}
			if err != nil || n != (Imported{Items: 2 - over, Expired: over}) {
				t.Fatalf("%+v, %v", n, err)
			}
			if left, ok, _ := c.MetaLeft("a"); ok != (tc.left >= 0) || ok && left != tc.left {
				t.Errorf("left %d, %v, want %d", left, ok, tc.left)
			}
			if left := metas(t, c, "b"); tc.pass < 0 && (left[fieldCreated] > testEpoch-3600 || left[fieldAccess] > testEpoch-3600) {
				t.Errorf("%v: created and used after now", left)
			}
			if tc.lockLeft > 0 {
				clock.advance(tc.lockLeft - time.Millisecond)
				if n, _, _ := c.MetaLock("b"); n != 5 {
					t.Errorf("lock %d just before its end", n)
				}
			}
			clock.advance(time.Millisecond)
			if n, _, _ := c.MetaLock("b"); n != 0 {
				t.Errorf("lock %d at its end", n)
			}
		})
	}
}

// TestExportSteps shows that a walk is in small steps, and what is seen of
// changes between them.
func TestExportSteps(t *testing.T) {
	c, clock := withClock(t, Options{Compression: -1})
	const n = 3000
	for i := range n {
		set(t, c, fmt.Sprintf("key:%04d", i), strings.Repeat("v", i%900+1), 0)
	}
	big := strings.Repeat("b", 300<<10)
	set(t, c, "key:0500:big", big, 0)
	for i := range 5000 {
		set(t, c, fmt.Sprintf("key:2000:over:%04d", i), "x", time.Second)
	}
	clock.advance(time.Second)
	seen := make(map[string]int)
	for e, step := c.Export(), 0; ; step++ {
		records, err := e.Next()
		if errors.Is(err, io.EOF) {
			if _, err := e.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the end: %v", err)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, r := range records {
			seen[string(r.Key)]++
			size += len(r.Key) + len(r.Data)
			if string(r.Key) == "key:0500:big" && string(r.Data) != big {
				t.Error("the big value is not whole")
			}
		}
		if len(records) > exportItems || size > exportBytes && len(records) > 1 {
			t.Errorf("%d items of %d bytes in one step", len(records), size)
		}
		// Nothing is locked between two steps.
		set(t, c, fmt.Sprintf("key:%04d", 7*step), "changed", 0)
		if _, err := c.Delete(fmt.Sprintf("key:%04d", n-1-step)); err != nil {
			t.Fatal(err)
		}
		set(t, c, fmt.Sprintf("new:%04d", step), "x", 0)
	}
	for i := range n {
		key := fmt.Sprintf("key:%04d", i)
		if _, there, _ := c.Get(key); there && seen[key] != 1 || seen[key] > 1 {
			t.Errorf("%s was seen %d times", key, seen[key])
		}
	}
	if seen["key:0500:big"] != 1 || seen["key:2000:over:0000"] != 0 {
		t.Errorf("the big item was seen %d times, one that is over %d times", seen["key:0500:big"], seen["key:2000:over:0000"])
	}
	// A step that sees only what is over ends as well.
	e := c.Export()
	for i := range exportVisits + 1 {
		set(t, c, fmt.Sprintf("a:%04d", i), "x", time.Second)
	}
	clock.advance(time.Second)
	if err := e.step(); err != nil || e.done || len(e.records) != 0 {
		t.Errorf("%v, done %v, %d records: want a step that ends before the first record", err, e.done, len(e.records))
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Next(); !errors.Is(err, ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
	if _, err := c.Import(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Import after Close: %v", err)
	}
}

// TestImportSkips imports what this cache cannot have.
func TestImportSkips(t *testing.T) {
	c, _ := withClock(t, Options{MaxKeySize: 10, MaxValueSize: 100, MaxItemTTL: time.Minute})
	set(t, c, "there", "already", 0)
	from := open(t, Options{Compression: 1})
	set(t, from, "zip", strings.Repeat("z", 101), 0)
	zip := exported(t, from)[0]
	if zip.Form != FormCompressed {
		t.Fatalf("%+v is not compressed", zip)
	}
	now := int64(testEpoch * 1000)
	key, x := []byte("key"), []byte("x")
	for name, r := range map[string]Record{
		"no key":          {Data: x},
		"long key":        {Key: []byte("0123456789a"), Data: x},
		"long value":      {Key: key, Data: make([]byte, 101)},
		"no value":        {Key: key},
		"unpacked length": zip,
		"not compressed":  {Key: key, Data: []byte("\xff\xff\xff\xff\xff\xff"), Form: FormCompressed},
		"unknown form":    {Key: key, Data: x, Form: 3},
		"there":           {Key: []byte("there"), Data: x},
	} {
		if n, err := c.Import([]Record{r}); err != nil || n != (Imported{Skipped: 1}) {
			t.Errorf("%s: %+v, %v, want it skipped", name, n, err)
		}
	}
	want(t, c, "there", "already")
	imported(t, c, []Record{
		{Key: []byte("long"), Data: x, TTL: math.MaxUint32, Ends: math.MaxInt64},
		{Key: []byte("lock"), Data: x, LockSeconds: math.MaxInt64, LockEnds: math.MaxInt64},
		{Key: []byte("nolock"), Data: x, LockSeconds: -2, LockEnds: now + 1000},
		{Key: []byte("oldlock"), Data: x, LockSeconds: 7, LockEnds: math.MinInt64},
	})
	if got := metas(t, c, "long"); got[fieldTTL] != 60 || got[fieldLeft] != 60 {
		t.Errorf("%v, want a life cut to 60 s", got)
	}
	for key, n := range map[string]int64{"lock": math.MaxInt64, "nolock": 0, "oldlock": 0} {
		if got := metas(t, c, key); got[fieldLock] != n {
			t.Errorf("lock of %s is %d, want %d", key, got[fieldLock], n)
		}
	}
}

// TestImportLimit fills a cache with what is too much for it.
func TestImportLimit(t *testing.T) {
	from := open(t, Options{})
	for i := range 40000 {
		set(t, from, fmt.Sprintf("key:%05d", i), strings.Repeat("v", 100), 0)
	}
	records := exported(t, from)
	for _, policy := range []Eviction{EvictLFU, EvictLRU, EvictGCRatio, EvictNone} {
		for _, opts := range []Options{{MaxMemory: 2 << 20, Eviction: policy}, {MaxItems: 10000, Eviction: policy}} {
			c, _ := withClock(t, opts)
			n, err := c.Import(records)
			st := stats(t, c)
			if !errors.Is(err, ErrMemoryLimit) || n.Items != st.Items || n.Items < 9000 || st.EvictedItems != 0 || st.MemoryUsed > st.MemoryUsable {
				t.Errorf("%v: %+v, %v, %+v, want a full cache and ErrMemoryLimit", policy, n, err, st)
			}
			want(t, c, "key:00000", strings.Repeat("v", 100))
			if err := c.Set("more", []byte("x"), 0); err != nil && policy.evicts() {
				t.Errorf("%v: SET afterwards: %v", policy, err)
			}
		}
	}
}

// TestImportAge shows that the items used longest ago go first in the new
// cache, too.
func TestImportAge(t *testing.T) {
	from := open(t, Options{MaxItems: 1000, Eviction: EvictLRU})
	for i := range 1000 {
		set(t, from, fmt.Sprintf("key:%04d", i), "v", 0)
	}
	for range 5 { // the first half is used again and again
		for i := range 500 {
			if _, ok, err := from.Get(fmt.Sprintf("key:%04d", i)); !ok {
				t.Fatal(err)
			}
		}
	}
	c := open(t, Options{MaxItems: 1000, Eviction: EvictLRU})
	imported(t, c, exported(t, from))
	for i := range 300 {
		set(t, c, fmt.Sprintf("new:%04d", i), "v", 0)
	}
	left := 0
	for i := range 500 {
		if _, ok, _ := c.Get(fmt.Sprintf("key:%04d", i)); ok {
			left++
		}
	}
	if left < 400 { // by chance alone it would be 350, give or take 10
		t.Errorf("of 500 items in use %d are left, of 500 others %d", left, 700-left)
	}
}

func ExampleCache_Export() {
	from, _ := New(nil)
	defer from.Close()
	to, _ := New(nil)
	defer to.Close()
	_ = from.Set("greeting", []byte("hello"), time.Hour)

	for e := from.Export(); ; {
		records, err := e.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		n, err := to.Import(records)
		fmt.Println(n.Items, err)
	}
	val, _, _ := to.Get("greeting")
	fmt.Printf("%s\n", val)
	// Output:
	// 1 <nil>
	// hello
}
