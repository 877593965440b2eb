package cache

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/internal/value"
)

// TestAgainstModel runs random commands of every kind on a cache and on the
// plainest model of it, a map, while the clock moves in steps of all sizes.
// Every answer must be the same. Most rounds have limits: the model is told
// what was evicted, and holds the cache to what it promises about that.
// GIBSON_MODEL_STEPS sets the number of commands, GIBSON_MODEL_SEED repeats a
// run.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	steps, err := strconv.Atoi(cmp.Or(os.Getenv("GIBSON_MODEL_STEPS"), "60000"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("GIBSON_MODEL_SEED"), fmt.Sprint(rand.Uint64())), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("GIBSON_MODEL_SEED=%d", seed)
	const rounds = 20
	done := map[string]int{} // commands that succeeded
	for round := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, round))
		opts := modelLimits[round%uint64(len(modelLimits))]
		opts.MaxItemTTL, opts.Compression = modelMaxTTL*time.Second, 100
		c, clock := withClock(t, opts)
		// Events are taken from the queue at once, not by a goroutine.
		c.removals.fn, c.removals.wake = func(string, Cause) {}, make(chan struct{}, 1)
		m := &cacheModel{items: map[string]*modelItem{}}
		for range steps / rounds / 4 {
			clock.advance(modelPause(r))
			if m.key = nil; r.IntN(2) == 0 {
				m.key = []byte(modelKey(r))
			}
			b, err := c.beginFor(m.key)
			if err != nil {
				t.Fatal(err)
			}
			m.now = clock.now.Load() / int64(time.Millisecond)
			m.batch(t, b, r, done)
		}
	}
	t.Logf("commands that succeeded: %v", done)
	for _, verb := range []string{
		"Set", "Get", "Delete", "TTL", "Lock", "Unlock", "Inc", "Meta", "Count", "Walk", "MSet", "MTTL", "MDelete",
		"MInc", "MLock", "MUnlock", "Stats", "eviction",
	} {
		if done[verb] < steps/1000 {
			t.Errorf("only %d of %d commands were a successful %s", done[verb], steps, verb)
		}
	}
}

// batch runs a few commands on the cache and on the model.
func (m *cacheModel) batch(t *testing.T, b *Batch, r *rand.Rand, done map[string]int) {
	t.Helper()
	defer b.End()             // after a fault, too: the test's end needs the lock
	for range 1 + r.IntN(7) { // 4 on average
		cmd := m.command(r)
		got := cmd.real(b)
		if err := m.follow(b.c, got, done); err != nil {
			t.Fatalf("%s: %v", cmd.name, err)
		}
		if got == ErrMemoryLimit.Error() {
			continue // it changed nothing, as what follows shows
		}
		if want := cmd.model(m); got != want {
			t.Fatalf("%s = %s, want %s", cmd.name, got, want)
		}
		if !strings.HasPrefix(got, "gibson: ") {
			verb, _, _ := strings.Cut(cmd.name, " ")
			verb, _, _ = strings.Cut(verb, "(")
			done[verb]++
		}
	}
	if r.IntN(100) == 0 {
		if err := b.c.check(); err != nil {
			t.Fatal(err)
		}
	}
}

// modelLimits are the limits of the rounds, so low that they are reached
// although families are deleted all the time.
var modelLimits = []Options{
	{},
	{MaxItems: 20},
	{MaxMemory: 40 << 10, Eviction: EvictLRU},
	{MaxMemory: 40 << 10, MaxItems: 30},
	{MaxMemory: 36 << 10, Eviction: EvictNone},
}

// follow takes what the cache removed by itself since the last command out of
// the model, and says so if it should not have.
func (m *cacheModel) follow(c *Cache, got string, done map[string]int) error {
	events := c.removals.queue
	c.removals.queue, c.removals.bytes = nil, 0
	evicted := 0
	for _, e := range events {
		it := m.get(e.key)
		switch {
		case e.cause == CauseExpired && it != nil:
			return fmt.Errorf("%q expired, but it lives", e.key)
		case e.cause != CauseEvicted:
			continue
		case m.makes == nil:
			return fmt.Errorf("%q was evicted by a command that makes nothing", e.key)
		case it == nil:
			return fmt.Errorf("%q was evicted, but there is no such item", e.key)
		case m.makes(e.key):
			return fmt.Errorf("%q was evicted for itself", e.key)
		case it.lock != 0:
			for _, k := range m.under("") {
				if m.items[k].lock == 0 && !m.makes(k) {
					return fmt.Errorf("%q was evicted, which is locked, and %q is not", e.key, k)
				}
			}
		}
		delete(m.items, e.key)
		evicted++
	}
	done["eviction"] += evicted
	switch limit := c.set.MaxItems; {
	case limit > 0 && int64(c.tree.Len()) > limit:
		return fmt.Errorf("%d items, want at most %d", c.tree.Len(), limit)
	case got == ErrMemoryLimit.Error() && m.makes == nil:
		return errors.New("refused for want of memory, though it makes nothing")
	case got == ErrMemoryLimit.Error() && evicted > 0:
		return errors.New("refused for want of memory, but something was evicted")
	}
	return nil
}

// modelMaxTTL is low, so that clamping is seen.
const modelMaxTTL = 100

// modelPause returns how long nothing happens before a command.
func modelPause(r *rand.Rand) time.Duration {
	switch r.IntN(20) {
	default:
		return 0
	case 0, 1, 2:
		return time.Duration(r.IntN(2000)) * time.Millisecond
	case 3, 4:
		return time.Duration(1+r.IntN(3)) * time.Second // to the very deadline
	case 5:
		return time.Duration(r.IntN(3)) * time.Millisecond
	case 6:
		return time.Duration(r.Int64N(int64(time.Minute)))
	}
}

// modelItem is an item of the model.
type modelItem struct {
	text     string // if not a number
	num      int64
	isNum    bool
	ttl, end int64 // seconds given and millisecond of the end; ttl 0: does not end
	lock     int64 // seconds given, -1 until unlocked, 0 none
	lockEnd  int64
	accessed int64
	created  int64
}

// cacheModel is the model: it does everything by looking at every item.
type cacheModel struct {
	items map[string]*modelItem
	now   int64 // milliseconds
	// makes reports whether key is of those that the command at hand may make
	// anew; nil if it makes none, and so needs no room.
	makes func(key string) bool
	// key is the key that the batch was begun for, the slice itself, and that of its
	// first command; nil if there was none.
	key []byte
}

func (m *cacheModel) unix() int64 { return testEpoch + m.now/1000 }

// get returns the live item of key.
func (m *cacheModel) get(key string) *modelItem {
	it := m.items[key]
	if it == nil || it.ttl > 0 && m.now >= it.end {
		delete(m.items, key)
		return nil
	}
	if it.lock > 0 && m.now >= it.lockEnd {
		it.lock = 0
	}
	return it
}

// under returns the live keys with a prefix, in order.
func (m *cacheModel) under(prefix string) []string {
	var keys []string
	for k := range m.items {
		if strings.HasPrefix(k, prefix) && m.get(k) != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func (m *cacheModel) set(key, text string, ttl int64) {
	m.items[key] = &modelItem{text: text, accessed: m.unix(), created: m.unix()}
	m.live(m.items[key], ttl)
}

func (m *cacheModel) live(it *modelItem, ttl int64) {
	it.ttl = max(0, min(ttl, modelMaxTTL))
	it.end = m.now + it.ttl*1000
}

func (m *cacheModel) lock(it *modelItem, seconds int64) {
	switch {
	case seconds == 0 || seconds < -1:
	case seconds > math.MaxInt64/1000-m.now:
		it.lock = -1
	default:
		it.lock, it.lockEnd = seconds, m.now+seconds*1000
	}
}

// add returns the sum and whether there is one.
func (it *modelItem) add(delta int64) (int64, bool) {
	n := it.num
	if !it.isNum {
		var err error
		if n, err = strconv.ParseInt(it.text, 10, 64); err != nil || it.text[0] == '+' {
			return 0, false
		}
	}
	if s := n + delta; (s > n) == (delta > 0) {
		return s, true
	}
	return 0, false
}

func (it *modelItem) value() Value {
	if it.isNum {
		return value.Number(it.num)
	}
	return value.Bytes([]byte(it.text))
}

// modelCommand is one command, for the cache and for the model. Answers are
// compared as text.
type modelCommand struct {
	name  string
	real  func(*Batch) string
	model func(*cacheModel) string
}

func answer(n int64, err error) string {
	if err != nil {
		return err.Error()
	}
	return strconv.FormatInt(n, 10)
}

func showValue(v Value) string {
	if v.IsNumber() {
		return "number " + v.String()
	}
	if b := v.Bytes(); len(b) > 60 {
		return fmt.Sprintf("%d bytes %s", len(b), hex.EncodeToString(b[len(b)-30:]))
	}
	return strconv.Quote(v.String())
}

// modelKey returns one of a few hundred keys that share prefixes.
func modelKey(r *rand.Rand) string {
	b := make([]byte, 1+r.IntN(4))
	for i := range b {
		b[i] = "abc\x00"[r.IntN(4)]
	}
	return string(b)
}

func modelText(r *rand.Rand) string {
	switch r.IntN(12) {
	default:
		return strconv.Itoa(r.IntN(20) - 10)
	case 0:
		return fmt.Sprintf("%0*d", 1+r.IntN(400), r.IntN(10)) // a number that may be compressed
	case 1:
		return strconv.FormatInt(math.MaxInt64-r.Int64N(2), 10)
	case 2:
		return strconv.FormatInt(math.MinInt64+r.Int64N(2), 10)
	case 3:
		return strings.Repeat("long text ", r.IntN(300)+1)
	case 4:
		b := make([]byte, 1+r.IntN(2000))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return string(b)
	case 5:
		return []string{"+5", "5a", "1.5", "-", " 5", "text"}[r.IntN(6)]
	}
}

func modelSeconds(r *rand.Rand) int64 {
	switch r.IntN(8) {
	default:
		return 1 + r.Int64N(4)
	case 0:
		return -r.Int64N(3)
	case 1:
		return r.Int64N(200)
	case 2:
		return math.MaxInt64 - r.Int64N(10)
	}
}

// command returns a random command.
func (m *cacheModel) command(r *rand.Rand) modelCommand {
	k := m.key
	if m.key = nil; k == nil {
		k = []byte(modelKey(r))
	}
	key := string(k)
	text, sec := modelText(r), modelSeconds(r)
	valid := r.IntN(10) > 0
	delta := int64(1 - 2*r.IntN(2))
	m.makes = nil
	only := func(k string) bool { return k == key }
	named := func(name string, args ...any) string { return fmt.Sprintf("%s(%q, %q)", name, key, args) }
	switch r.IntN(30) { // the rest are SETs, or the cache would be empty most of the time
	default:
		m.makes = only
		return modelCommand{named("Set", text, sec), func(b *Batch) string {
			return answer(0, b.Set(sec, k, []byte(text)))
		}, func(m *cacheModel) string {
			if it := m.get(key); it != nil && it.lock != 0 {
				return answer(0, ErrLocked)
			}
			m.set(key, text, sec)
			return "0"
		}}
	case 0, 1:
		return modelCommand{named("Get"), func(b *Batch) string {
			v, err := b.Get(k)
			if err != nil {
				return err.Error()
			}
			return showValue(v)
		}, func(m *cacheModel) string {
			it := m.get(key)
			if it == nil {
				return ErrNotFound.Error()
			}
			it.accessed = m.unix()
			return showValue(it.value())
		}}
	case 2:
		return modelCommand{named("Delete"), func(b *Batch) string { return answer(0, b.Delete(k)) },
			m.change(key, func(string, *modelItem) error { delete(m.items, key); return nil })}
	case 3:
		return modelCommand{named("TTL", sec, valid), func(b *Batch) string {
			return answer(0, b.TTL(k, sec, valid))
		}, m.checked(key, valid, func(it *modelItem) { m.live(it, sec) })}
	case 4:
		return modelCommand{named("Lock", sec, valid), func(b *Batch) string {
			return answer(0, b.Lock(k, sec, valid))
		}, m.checked(key, valid, func(it *modelItem) { m.lock(it, sec) })}
	case 5, 6:
		return modelCommand{named("Unlock"), func(b *Batch) string { return answer(0, b.Unlock(k)) },
			func(m *cacheModel) string {
				it := m.get(key)
				if it == nil {
					return ErrNotFound.Error()
				}
				it.lock, it.accessed = 0, m.unix()
				return "0"
			}}
	case 7, 8:
		m.makes = only
		return m.addCommand(k, delta)
	case 9:
		return m.metaCommand(r, k)
	case 10, 11, 12:
		return modelCommand{named("Count"), func(b *Batch) string { return answer(b.Count(k), nil) },
			func(m *cacheModel) string { return answer(int64(len(m.under(key))), nil) }}
	case 13, 14:
		return m.walkCommand(r, key)
	case 15:
		m.makes = func(k string) bool { return strings.HasPrefix(k, key) }
		return m.family(fmt.Sprintf("MSet %.40q", text), key, func(b *Batch) (int64, error) { return b.MSet(k, []byte(text)) },
			func(key string, it *modelItem) bool { m.set(key, text, 0); return true })
	case 16:
		return m.family(fmt.Sprint("MTTL ", sec), key, func(b *Batch) (int64, error) { return b.MTTL(k, sec) },
			func(_ string, it *modelItem) bool { m.live(it, sec); it.accessed = m.unix(); return true })
	case 17:
		return m.family("MDelete", key, func(b *Batch) (int64, error) { return b.MDelete(k) },
			func(key string, _ *modelItem) bool { delete(m.items, key); return true })
	case 18:
		return m.family(fmt.Sprint("MInc ", delta), key, func(b *Batch) (int64, error) {
			if delta > 0 {
				return b.MInc(k)
			}
			return b.MDec(k)
		}, func(_ string, it *modelItem) bool {
			n, ok := it.add(delta)
			if ok {
				it.num, it.isNum, it.accessed = n, true, m.unix()
			}
			return ok
		})
	case 19:
		return m.family(fmt.Sprint("MLock ", sec), key, func(b *Batch) (int64, error) { return b.MLock(k, sec) },
			func(_ string, it *modelItem) bool { m.lock(it, sec); it.accessed = m.unix(); return true })
	case 20:
		return modelCommand{named("MUnlock"), func(b *Batch) string { return answer(b.MUnlock(k)) },
			func(m *cacheModel) string {
				keys := m.under(key)
				for _, k := range keys {
					m.items[k].lock, m.items[k].accessed = 0, m.unix()
				}
				return m.count(int64(len(keys)))
			}}
	case 21:
		return modelCommand{"Stats", func(b *Batch) string { return answer(b.Stats().Items, nil) },
			func(m *cacheModel) string { return answer(int64(len(m.under(""))), nil) }}
	}
}

// change is a command that needs an unlocked item.
func (m *cacheModel) change(key string, fn func(string, *modelItem) error) func(*cacheModel) string {
	return func(m *cacheModel) string {
		it := m.get(key)
		switch {
		case it == nil:
			return ErrNotFound.Error()
		case it.lock != 0:
			return ErrLocked.Error()
		}
		return answer(0, fn(key, it))
	}
}

// checked is TTL or LOCK, whose number may be malformed.
func (m *cacheModel) checked(key string, valid bool, fn func(*modelItem)) func(*cacheModel) string {
	return func(m *cacheModel) string {
		if !valid && m.get(key) != nil {
			return ErrNotANumber.Error()
		}
		return m.change(key, func(_ string, it *modelItem) error {
			fn(it)
			it.accessed = m.unix()
			return nil
		})(m)
	}
}

func (m *cacheModel) count(n int64) string {
	if n == 0 {
		return ErrNotFound.Error()
	}
	return answer(n, nil)
}

// family is a prefix command that goes for every unlocked item.
func (m *cacheModel) family(name, prefix string, real func(*Batch) (int64, error), fn func(string, *modelItem) bool) modelCommand {
	return modelCommand{
		name: fmt.Sprintf("%s under %q", name, prefix),
		real: func(b *Batch) string { return answer(real(b)) },
		model: func(m *cacheModel) string {
			n := int64(0)
			for _, k := range m.under(prefix) {
				if it := m.items[k]; it.lock == 0 && fn(k, it) {
					n++
				}
			}
			return m.count(n)
		},
	}
}

func (m *cacheModel) addCommand(k []byte, delta int64) modelCommand {
	key := string(k)
	return modelCommand{
		name: fmt.Sprintf("Inc by %d of %q", delta, key),
		real: func(b *Batch) string {
			if delta > 0 {
				return answer(b.Inc(k))
			}
			return answer(b.Dec(k))
		},
		model: func(m *cacheModel) string {
			it := m.get(key)
			if it == nil {
				m.set(key, "", 0)
				m.items[key].num, m.items[key].isNum = delta, true
				return answer(delta, nil)
			}
			if it.lock != 0 {
				return ErrLocked.Error()
			}
			n, ok := it.add(delta)
			if !ok {
				return ErrNotANumber.Error()
			}
			it.num, it.isNum, it.accessed = n, true, m.unix()
			return answer(n, nil)
		},
	}
}

func (m *cacheModel) metaCommand(r *rand.Rand, k []byte) modelCommand {
	key := string(k)
	field := []string{"size", "encoding", "access", "created", "ttl", "left", "lock", "siz", ""}[r.IntN(9)]
	return modelCommand{
		name: fmt.Sprintf("Meta(%q, %q)", key, field),
		real: func(b *Batch) string {
			n, err := b.Meta(k, []byte(field))
			return answer(n, err)
		},
		model: func(m *cacheModel) string {
			it := m.get(key)
			if it == nil {
				return ErrNotFound.Error()
			}
			n, ok := m.meta(it, field)
			if !ok {
				return ErrServer.Error()
			}
			it.accessed = m.unix()
			return answer(n, nil)
		},
	}
}

func (m *cacheModel) meta(it *modelItem, field string) (n int64, ok bool) {
	size, encoding := int64(8), int64(2)
	if !it.isNum {
		s := squeeze{limit: defaultMaxValueSize}
		var packed content
		s.pack(&packed, []byte(it.text), 100)
		size, encoding = int64(len(packed.data)), int64(packed.encoding)
	}
	ttl, left := int64(-1), int64(-1)
	if it.ttl > 0 {
		start := it.end - it.ttl*1000
		ttl, left = it.ttl, it.ttl-(m.now-start)/1000
	}
	n, ok = map[string]int64{
		"size": size, "encoding": encoding, "access": it.accessed, "created": it.created,
		"ttl": ttl, "left": left, "lock": it.lock,
	}[field]
	return n, ok
}

// walkCommand is KEYS or MGET, now and then one that is refused half-way.
func (m *cacheModel) walkCommand(r *rand.Rand, prefix string) modelCommand {
	limit, values := r.Int64N(8)-2, r.IntN(2) == 0
	refuse := int64(-1)
	if r.IntN(4) == 0 {
		refuse = r.Int64N(4)
	}
	show := func(key string, v Value) string { return fmt.Sprintf("%q=%s ", key, showValue(v)) }
	return modelCommand{
		name: fmt.Sprintf("Walk(%q, %d, values %v), refused at %d", prefix, limit, values, refuse),
		real: func(b *Batch) string {
			var out bytes.Buffer
			seen := int64(0)
			n := b.Walk([]byte(prefix), limit, values, func(key []byte, v Value) bool {
				out.WriteString(show(string(key), v))
				seen++
				return seen-1 != refuse
			})
			return out.String() + answer(n, nil)
		},
		model: func(m *cacheModel) string {
			out, n, refused := "", int64(0), false
			keys := m.under(prefix)
			if limit > 0 {
				keys = keys[:min(len(keys), int(limit))]
			}
			for _, k := range keys {
				var v Value
				if values {
					v = m.items[k].value()
				}
				out += show(k, v)
				n++
				if refused = n-1 == refuse; refused {
					break
				}
			}
			for _, k := range keys {
				if values && !refused {
					m.items[k].accessed = m.unix()
				}
			}
			return out + answer(n, nil)
		},
	}
}
