package model

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gogibson/gibson/cache"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// difference is where the real one did not do what the model did.
type difference struct {
	at        int // the step
	got, want string
}

func (d *difference) String() string {
	return fmt.Sprintf("step %d: got %s, want %s", d.at, d.got, d.want)
}

// compare holds a reply against the model's answer.
func compare(m *model, at int, a answer, got []byte) *difference {
	n, isNumber := replyNumber(got)
	switch {
	case a.stats:
		items, err := totalItems(got)
		if err != nil || items != int64(len(m.items)) {
			return &difference{at, fmt.Sprintf("STATS with %d items (%v)", items, err), fmt.Sprintf("%d items", len(m.items))}
		}
	case a.raw == nil:
		if !isNumber || n < a.lo || n > a.hi {
			return &difference{at, show(got), fmt.Sprintf("a number from %d to %d", a.lo, a.hi)}
		}
	case !bytes.Equal(a.raw, got):
		return &difference{at, show(got), show(a.raw)}
	}
	return nil
}

// inProcess puts a conversation to the model and the cache of this process. A
// panic is a difference.
func inProcess(t testing.TB, l limits, steps []step) (d *difference) {
	m, e := &model{limits: l}, newEmbedded(t, l)
	at := 0
	defer func() {
		if p := recover(); p != nil {
			d = &difference{at, fmt.Sprintf("panic: %v", p), "none"}
		}
		e.close()
	}()
	for i, s := range steps {
		at = i
		if pass(m, e, s) {
			continue
		}
		a := m.do(s.op, s.payload)
		if d := compare(m, i, a, e.do(s.conn, s.op, s.payload)); d != nil {
			return d
		}
		if m.maxItems > 0 && len(m.items) > m.maxItems {
			if d := evicted(m, e.all(), i, s); d != nil {
				return d
			}
		}
	}
	if d := everything(m, e.all(), len(steps)-1); d != nil {
		return d
	}
	for _, s := range closing(m) {
		a := m.do(s.op, s.payload)
		if d := compare(m, len(steps)-1, a, e.do(s.conn, s.op, s.payload)); d != nil {
			return d.during(s)
		}
	}
	return nil
}

// target is what a conversation is put to: its time can be moved.
type target interface {
	advance(d time.Duration) // both times
	jump(d time.Duration)    // the time of day only
}

// pass executes a step that is no request.
func pass(m *model, t target, s step) bool {
	switch s.kind {
	case advance:
		m.advance(s.after)
		t.advance(s.after)
	case deadline:
		if d := m.nextEnd(); d > 0 {
			d = max(d+s.after, 0)
			m.advance(d)
			t.advance(d)
		}
	case jump:
		// The time of day is looked at once a second.
		m.jumped += s.after
		t.jump(s.after)
		m.advance(1500 * time.Millisecond)
		t.advance(1500 * time.Millisecond)
	default:
		return false
	}
	return true
}

// evicted takes from the model what the cache has removed to make room: as many
// items as were too many, and not the one that was stored.
func evicted(m *model, all map[string]cache.Value, at int, s step) *difference {
	want := len(m.items) - m.maxItems
	key := strings.SplitN(s.payload+" ", " ", 3)[0]
	if s.op == opSet {
		key = strings.SplitN(s.payload, " ", 3)[1]
	}
	if _, ok := all[key]; !ok {
		return &difference{at, "the item is gone that was stored", "it there"}
	}
	before := len(m.items)
	m.items = slices.DeleteFunc(m.items, func(it *item) bool {
		_, ok := all[it.key]
		return !ok
	})
	if got := before - len(m.items); got != want {
		return &difference{at, fmt.Sprintf("%d items evicted", got), fmt.Sprint(want)}
	}
	return nil
}

// everything compares all items, as they are in the cache of this process.
func everything(m *model, all map[string]cache.Value, at int) *difference {
	if len(all) != len(m.items) {
		return &difference{at, fmt.Sprintf("%d items at the end", len(all)), fmt.Sprint(len(m.items))}
	}
	for _, it := range m.items {
		v, ok := all[it.key]
		n, isNumber := v.Int64()
		if !ok || isNumber != it.isNumber || n != it.number || !isNumber && string(v.Bytes()) != it.text {
			return &difference{at, fmt.Sprintf("%q = %.100q at the end", it.key, v), fmt.Sprintf("%.100q %d", it.text, it.number)}
		}
	}
	return nil
}

// closing asks for all that can be known of the items, at the end of a
// conversation.
func closing(m *model) []step {
	var steps []step
	ask := func(op uint16, payload string) {
		steps = append(steps, step{conn: uint8(len(steps) / maxPipeline % 3), op: op, payload: payload})
	}
	for b := range 256 {
		if b != ' ' {
			ask(opKeys, string([]byte{byte(b)}))
		}
	}
	for _, it := range m.items {
		ask(opMeta, it.key+" access") // first, for the others change it
		for _, field := range fields {
			ask(opMeta, it.key+" "+field)
		}
		ask(opGet, it.key)
	}
	return steps
}

// during says that the difference shows in a step of closing.
func (d *difference) during(s step) *difference {
	d.got = fmt.Sprintf("at the end, %s %.100q: %s", opNames[s.op], s.payload, d.got)
	return d
}

// runner is inProcess or overSocket.
type runner func(testing.TB, limits, []step) *difference

// long runs conversations of seeded steps, shared among the processors, until
// there were as many commands as the environment asks for, or otherwise.
func long(t *testing.T, name string, otherwise, perCase int, wire bool, run runner) {
	total := setting(t, "GIBSON_MODEL_COMMANDS", uint64(otherwise))
	seed := setting(t, "GIBSON_MODEL_SEED", uint64(time.Now().UnixNano()))
	only := setting(t, "GIBSON_MODEL_CASE", 0) // counted from 1
	var done, cases atomic.Uint64
	var failed atomic.Bool
	var wg sync.WaitGroup
	begin := time.Now()
	report := func() {
		took := time.Since(begin)
		t.Logf("%s: %d commands in %d conversations, %.0f s, %.0f commands/s, GIBSON_MODEL_SEED=%d",
			name, done.Load(), cases.Load(), took.Seconds(), float64(done.Load())/took.Seconds(), seed)
	}
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for done.Load() < total && !failed.Load() {
				n := cases.Add(1)
				if only > 0 {
					n = only
				}
				g, steps := conversation(seed, n, perCase, wire)
				if d := run(t, g.limits, steps); d != nil {
					if !failed.Swap(true) {
						steps, d = shrink(t, g.limits, steps[:min(d.at+1, len(steps))], d, run)
						t.Errorf("GIBSON_MODEL_SEED=%d GIBSON_MODEL_CASE=%d: %v\n%s", seed, n, d, asTest(name, g.limits, steps))
					}
					return
				}
				done.Add(uint64(len(steps)))
				if n%1000 == 0 {
					report()
				}
				if only > 0 {
					return
				}
			}
		})
	}
	wg.Wait()
	report()
}

// conversation makes conversation n of a seed.
func conversation(seed, n uint64, length int, wire bool) (*generator, []step) {
	g := newGenerator(newSeeded(seed, n), wire)
	steps := make([]step, length)
	for i := range steps {
		steps[i] = g.step()
	}
	return g, steps
}

// setting reads a number from the environment.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestEmbedded compares the cache of this process with the model. make
// model-long runs it with many more commands.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	long(t, "Embedded", 300_000, 8000, false, inProcess)
}

// TestServer compares a server with the model, over a unix socket.
func TestServer(t *testing.T) {
	t.Parallel()
	long(t, "Server", 30_000, 2000, true, overSocket)
}

// drawn is choices made by rapid, which shrinks by itself.
type drawn struct{ *rapid.T }

func (d drawn) below(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "n") }

// TestEmbeddedRapid and TestServerRapid are the same with choices by rapid, which
// tends to extremes and repeats where the seeded source is even.
func TestEmbeddedRapid(t *testing.T) { t.Parallel(); underRapid(t, "Embedded", 300, false, inProcess) }

func TestServerRapid(t *testing.T) { t.Parallel(); underRapid(t, "Server", 100, true, overSocket) }

func underRapid(t *testing.T, name string, most int, wire bool, run runner) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newGenerator(drawn{rt}, wire)
		steps := make([]step, rapid.IntRange(1, most).Draw(rt, "steps"))
		for i := range steps {
			steps[i] = g.step()
		}
		if d := run(t, g.limits, steps); d != nil {
			rt.Fatalf("%v\n%s", d, asTest(name, g.limits, steps[:d.at+1]))
		}
	})
}
