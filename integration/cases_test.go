package integration

import (
	"bytes"
	"strconv"
	"sync"
	"testing"
)

// goCases are the cases that a script cannot tell: what several clients do at
// the same time, and figures that are compared with each other.
var goCases = []struct {
	name  string
	rules []string
	conf  [][2]string
	run   func(t *testing.T, w world)
}{
	{name: "prefix commands are atomic", rules: []string{"prefix.atomic"}, run: caseAtomic},
	{name: "no INC is lost", rules: []string{"inc.counts", "frame.pipeline"}, run: caseCounts},
	{name: "the pool's figures agree", rules: []string{"stats.pool", "stats.memory"}, run: casePool},
}

// TestGoCases runs goCases in every mode.
func TestGoCases(t *testing.T) {
	for _, c := range goCases {
		for _, mode := range modeNames {
			t.Run(c.name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				c.run(t, newWorld(t, mode, c.conf))
			})
		}
	}
}

// ask executes "NAME payload".
func ask(t testing.TB, c client, s string) outcome {
	t.Helper()
	r, err := parseRequest(s)
	if err != nil {
		t.Error(err)
		return outcome{}
	}
	return c.do(t, r)
}

// caseAtomic changes a family by several prefix commands at once, each of which
// keeps its items equal, while others read it: they must never be seen unequal.
func caseAtomic(t *testing.T, w world) {
	const keys, rounds = 60, 150
	first := w.client(t, 1)
	for i := range keys {
		ask(t, first, "SET 0 k"+strconv.Itoa(i)+" 5")
	}
	var wg sync.WaitGroup
	for n, request := range []string{"MSET k 7", "MSET k 9", "MINC k", "MDEC k", "MTTL k 500", "MUNLOCK k"} {
		c := w.client(t, 2+n)
		wg.Go(func() {
			for range rounds {
				if got := ask(t, c, request); describe(got.raw) != "NUM "+strconv.Itoa(keys) {
					t.Errorf("%s: %v, want NUM %d", request, got, keys)
					return
				}
			}
		})
	}
	for n := range 2 {
		c := w.client(t, 20+n)
		wg.Go(func() {
			for range rounds {
				if !allEqual(t, ask(t, c, "MGET k"), keys) {
					return
				}
			}
		})
	}
	wg.Wait()
}

// allEqual checks that a reply has so many pairs, all with one value.
func allEqual(t *testing.T, got outcome, keys int) bool {
	t.Helper()
	pairs, err := parsePairs(got.raw)
	if err != nil || len(pairs) != keys {
		t.Errorf("MGET gave %d pairs (%v), want %d", len(pairs), err, keys)
		return false
	}
	for _, p := range pairs[1:] {
		if p.encoding != pairs[0].encoding || !bytes.Equal(p.value, pairs[0].value) {
			t.Errorf("MGET saw a prefix command half done: %s is %q, %s is %q", pairs[0].key, pairs[0].value, p.key, p.value)
			return false
		}
	}
	return true
}

// caseCounts has 20 clients count to 500 each. Each sees its own numbers rise.
func caseCounts(t *testing.T, w world) {
	const clients, each = 20, 500
	var wg sync.WaitGroup
	for n := range clients {
		c := w.client(t, 2+n)
		wg.Go(func() { countUp(t, c, each) })
	}
	wg.Wait()
	want := "NUM " + strconv.Itoa(clients*each)
	if got := ask(t, w.client(t, 1), "GET n"); describe(got.raw) != want {
		t.Errorf("after %d INCs of %d clients: %v", each, clients, got)
	}
}

// countUp sends INCs, in one write where there is a connection to write to.
func countUp(t *testing.T, c client, times int) {
	inc, err := parseBytes(strconv.Itoa(times) + "*INC n")
	if err != nil {
		t.Error(err)
		return
	}
	next := func() outcome { return ask(t, c, "INC n") }
	if conn, ok := c.(*wireClient); ok {
		if err := conn.open(); err != nil {
			t.Error(err)
			return
		}
		conn.write(inc)
		next = func() outcome { return conn.read(hangGuard) }
	}
	last := int64(0)
	for range times {
		got := next()
		digits, ok := bytes.CutPrefix([]byte(describe(got.raw)), []byte("NUM "))
		n, err := strconv.ParseInt(string(digits), 10, 64)
		if !ok || err != nil || n <= last {
			t.Errorf("INC after %d: %v", last, got)
			return
		}
		last = n
	}
}

// casePool compares the figures of memory with each other before, while and
// after there is something in it.
func casePool(t *testing.T, w world) {
	c := w.client(t, 1)
	check := func(when string) {
		t.Helper()
		f := figuresOf(t, c)
		get := func(name string) int64 {
			n, err := strconv.ParseInt(f[name], 10, 64)
			if err != nil {
				t.Errorf("%s: %s: %v", when, name, err)
			}
			return n
		}
		for _, le := range [][2]string{
			{"item_pool_current_used", "item_pool_current_capacity"},
			{"item_pool_current_capacity", "item_pool_total_capacity"},
			{"memory_used", "memory_peak"},
			{"memory_used", "memory_usable"},
			{"memory_usable", "memory_available"},
		} {
			if get(le[0]) > get(le[1]) {
				t.Errorf("%s: %s is %d, above %s, %d", when, le[0], get(le[0]), le[1], get(le[1]))
			}
		}
		if items := get("total_items"); items > 0 && get("item_size_avg") != get("memory_used")/items {
			t.Errorf("%s: item_size_avg is %d, want %d / %d", when, get("item_size_avg"), get("memory_used"), items)
		}
		if get("item_pool_object_size") <= 0 {
			t.Errorf("%s: item_pool_object_size is %d", when, get("item_pool_object_size"))
		}
		if ratio, ok := f["memory_fragmentation"]; ok && ratio == "0.000000" && get("memory_used") > 0 {
			t.Errorf("%s: memory_fragmentation is %s", when, ratio)
		}
	}
	check("empty")
	for i := range 2000 {
		ask(t, c, "SET 0 k"+strconv.Itoa(i)+" {v*"+strconv.Itoa(i)+"}")
	}
	check("full")
	ask(t, c, "MDEL k1")
	check("after MDEL")
	ask(t, c, "MDEL k")
	check("emptied")
}
