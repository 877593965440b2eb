package server

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/gerr"
	"github.com/gogibson/gibson/internal/value"
	"github.com/gogibson/gibson/wire"
)

// fakeEngine notes how it is called and answers with err, or with what its
// other fields say.
type fakeEngine struct {
	full  bool
	err   error
	items []cache.Value // what Walk finds, under the keys "k0", "k1", …
	calls []string
}

func (f *fakeEngine) note(name string, args ...any) {
	var b strings.Builder
	b.WriteString(name)
	for _, a := range args {
		if s, ok := a.([]byte); ok {
			a = string(s)
		}
		fmt.Fprintf(&b, " %v", a)
	}
	f.calls = append(f.calls, b.String())
}

func (f *fakeEngine) Full() bool { return f.full }
func (f *fakeEngine) Get(key []byte) (cache.Value, error) {
	f.note("Get", key)
	return value.Bytes([]byte("v")), f.err
}
func (f *fakeEngine) Set(ttl int64, key, val []byte) error {
	f.note("Set", ttl, key, val)
	return f.err
}
func (f *fakeEngine) Delete(key []byte) error       { f.note("Delete", key); return f.err }
func (f *fakeEngine) Inc(key []byte) (int64, error) { f.note("Inc", key); return 1, f.err }
func (f *fakeEngine) Dec(key []byte) (int64, error) { f.note("Dec", key); return -1, f.err }
func (f *fakeEngine) TTL(key []byte, n int64, valid bool) error {
	f.note("TTL", key, n, valid)
	return f.err
}
func (f *fakeEngine) Lock(key []byte, n int64, valid bool) error {
	f.note("Lock", key, n, valid)
	return f.err
}
func (f *fakeEngine) Unlock(key []byte) error { f.note("Unlock", key); return f.err }
func (f *fakeEngine) Meta(key, field []byte) (int64, error) {
	f.note("Meta", key, field)
	return 7, f.err
}
func (f *fakeEngine) MSet(p, val []byte) (int64, error)      { f.note("MSet", p, val); return 2, f.err }
func (f *fakeEngine) MDelete(p []byte) (int64, error)        { f.note("MDelete", p); return 2, f.err }
func (f *fakeEngine) MInc(p []byte) (int64, error)           { f.note("MInc", p); return 2, f.err }
func (f *fakeEngine) MDec(p []byte) (int64, error)           { f.note("MDec", p); return 2, f.err }
func (f *fakeEngine) MTTL(p []byte, n int64) (int64, error)  { f.note("MTTL", p, n); return 2, f.err }
func (f *fakeEngine) MLock(p []byte, n int64) (int64, error) { f.note("MLock", p, n); return 2, f.err }
func (f *fakeEngine) MUnlock(p []byte) (int64, error)        { f.note("MUnlock", p); return 2, f.err }
func (f *fakeEngine) Settle() bool                           { return true }
func (f *fakeEngine) Count(p []byte) int64                   { f.note("Count", p); return 2 }
func (f *fakeEngine) Walk(p []byte, limit int64, values bool, fn func([]byte, cache.Value) bool) (n int64) {
	f.note("Walk", p, limit, values)
	for i, v := range f.items {
		n++
		if !fn(fmt.Appendf(nil, "k%d", i), v) {
			break
		}
	}
	return n
}
func (f *fakeEngine) Stats() cache.Stats { f.note("Stats"); return cache.Stats{} }
func (f *fakeEngine) Touch([][]byte)     {}
func (f *fakeEngine) End()               {}

// dispatchOne runs one request against the engine and returns the reply, and
// the engine's method with its arguments, if one was called.
func dispatchOne(t *testing.T, d *dispatcher, e *fakeEngine, op wire.Opcode, payload string) (reply, called string) {
	t.Helper()
	raw := req(op, payload)
	request, _, err := wire.ParseRequest(raw, 0)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := d.parse(request)
	e.calls = nil
	out := &block{b: []byte("before")}
	d.execute(e, &c, 0, out)
	got, ok := strings.CutPrefix(string(out.b), "before")
	if !ok {
		t.Fatalf("%v %q changed earlier replies", op, payload)
	}
	r, n, err := wire.ParseReply([]byte(got), 0)
	if err != nil || n != len(got) {
		t.Fatalf("%v %q: reply %x is not one reply: %v", op, payload, got, err)
	}
	return show(r), strings.Join(e.calls, ", ")
}

func newTestDispatcher(t *testing.T, maxResponse int) *dispatcher {
	t.Helper()
	srv := &Server{
		Cache:           newCache(t, &cache.Options{MaxKeySize: 8, MaxValueSize: 10}),
		MaxResponseSize: maxResponse,
	}
	if err := srv.setUpOnce(); err != nil {
		t.Fatal(err)
	}
	return newDispatcher(srv)
}

// TestDispatch checks which method each command calls, with what, and how its
// result is answered.
func TestDispatch(t *testing.T) {
	d := newTestDispatcher(t, 0)
	for _, test := range []struct {
		op            wire.Opcode
		payload       string
		called, reply string
		fails         bool // the engine's errors are answered
	}{
		{wire.OpSet, "60 k a value", "Set 60 k a value", "=a value", true},
		{wire.OpSet, "-1 k  v", "Set -1 k  v", "= v", true},
		{wire.OpTTL, "k 5", "TTL k 5 true", "OK", true},
		{wire.OpGet, "k junk", "Get k", "=v", true},
		{wire.OpDel, "k", "Delete k", "OK", true},
		{wire.OpInc, "k", "Inc k", "#1", true},
		{wire.OpDec, "k", "Dec k", "#-1", true},
		{wire.OpLock, "k -1", "Lock k -1 true", "OK", true},
		{wire.OpUnlock, "k", "Unlock k", "OK", true},
		{wire.OpMSet, "p a value", "MSet p a value", "#2", true},
		{wire.OpMTTL, "p 007", "MTTL p 7", "#2", true},
		{wire.OpMDel, "p", "MDelete p", "#2", true},
		{wire.OpMInc, "p", "MInc p", "#2", true},
		{wire.OpMDec, "p", "MDec p", "#2", true},
		{wire.OpMLock, "p 3", "MLock p 3", "#2", true},
		{wire.OpMUnlock, "p", "MUnlock p", "#2", true},
		{wire.OpCount, "p", "Count p", "#2", false},
		{wire.OpMeta, "k size more", "Meta k size", "#7", true},
		{wire.OpMGet, "p", "Walk p 0 true", "NOT_FOUND", false},
		{wire.OpMGet, "p 9", "Walk p 9 true", "NOT_FOUND", false},
		{wire.OpMGet, "p -9", "Walk p -9 true", "NOT_FOUND", false},
		{wire.OpKeys, "p 9", "Walk p 0 false", "NOT_FOUND", false},
		{wire.OpPing, "anything", "", "OK", false},
		{wire.OpEnd, "", "", "OK", false},
	} {
		e := &fakeEngine{}
		reply, called := dispatchOne(t, d, e, test.op, test.payload)
		if called != test.called || reply != test.reply {
			t.Errorf("%v %q: called %q, answered %s; want %q, %s",
				test.op, test.payload, called, reply, test.called, test.reply)
		}
		for _, err := range []error{
			gerr.ErrNotFound, gerr.ErrNotANumber, gerr.ErrMemoryLimit, gerr.ErrLocked, gerr.ErrServer, errors.New("other"),
		} {
			want := test.reply
			if test.fails {
				want = gerr.CodeOf(err).String()
			}
			if reply, _ := dispatchOne(t, d, &fakeEngine{err: err}, test.op, test.payload); reply != want {
				t.Errorf("%v %q: engine's %v was answered with %s, want %s", test.op, test.payload, err, reply, want)
			}
		}
	}
}

// TestDispatchTable checks that every command of the protocol's table is
// executed, as its own example shows it.
func TestDispatchTable(t *testing.T) {
	d := newTestDispatcher(t, 0)
	d.limits = wire.Limits{} // examples have longer keys
	for _, c := range wire.Commands() {
		e := &fakeEngine{items: []cache.Value{value.Bytes([]byte("v"))}}
		reply, called := dispatchOne(t, d, e, c.Op, c.Example)
		if called == "" && c.Shape != wire.ShapeNone {
			t.Errorf("%s is not executed", c.Name)
		}
		kind, ok := map[byte]wire.Code{'O': wire.CodeOK, '=': wire.CodeVal, '#': wire.CodeVal, '{': wire.CodeKVal}[reply[0]]
		if !ok || kind != c.Reply {
			t.Errorf("%s answers %s, want %v", c.Name, reply, c.Reply)
		}
	}
}

// TestOrderOfChecks checks what a request with several faults is answered
// with, and that the engine is not asked where it must not be.
func TestOrderOfChecks(t *testing.T) {
	d := newTestDispatcher(t, 0)
	const engine = "the engine's answer"
	for _, test := range []struct {
		op      wire.Opcode
		payload string
		full    bool
		want    string // engine: LOCKED here
	}{
		// Memory first, but for SET and MSET only.
		{wire.OpSet, "", true, "MEM"},
		{wire.OpSet, "abc k v", true, "MEM"},
		{wire.OpSet, "0 k v", true, "MEM"},
		{wire.OpMSet, "", true, "MEM"},
		{wire.OpMSet, "p v", true, "MEM"},
		{wire.OpInc, "k", true, engine},
		{wire.OpInc, "", true, "ERR"},
		{wire.OpTTL, "k 5", true, engine},
		{wire.OpMTTL, "p x", true, "NAN"},
		{wire.OpPing, "", true, "OK"},

		// Then the shape.
		{wire.OpSet, "", false, "ERR"},
		{wire.OpSet, "0", false, "ERR"},
		{wire.OpSet, "0 k", false, "ERR"},
		{wire.OpSet, "0 k ", false, "ERR"},
		{wire.OpSet, "0  k v", false, "ERR"},
		{wire.OpSet, " 0 k v", false, "ERR"},
		{wire.OpSet, "abc k", false, "ERR"},
		{wire.OpSet, "abc k ", false, "ERR"},
		{wire.OpSet, "0 123456789 v", false, "ERR"}, // key of 9 bytes
		{wire.OpSet, "x 123456789 v", false, "ERR"},
		{wire.OpSet, "0 k 12345678901", false, "ERR"}, // value of 11
		{wire.OpMSet, "k 12345678901", false, "ERR"},
		{wire.OpGet, "", false, "ERR"},
		{wire.OpGet, " k", false, "ERR"},
		{wire.OpGet, "123456789", false, "ERR"},
		{wire.OpTTL, "k", false, "ERR"},
		{wire.OpTTL, "k ", false, "ERR"},
		{wire.OpLock, "k", false, "ERR"},
		{wire.OpMeta, "k", false, "ERR"},
		{wire.OpMeta, "k ", false, "ERR"},
		{wire.OpMTTL, "k", false, "ERR"},
		{wire.OpMLock, "k ", false, "ERR"},
		{wire.OpMGet, "k ", false, "ERR"},
		{wire.OpKeys, "", false, "ERR"},
		{wire.OpMDel, " ", false, "ERR"},
		{wire.OpCount, "", false, "ERR"},

		// Then the number, except for TTL and LOCK, which the engine checks.
		{wire.OpSet, "+5 k v", false, "NAN"},
		{wire.OpSet, "5a k v", false, "NAN"},
		{wire.OpSet, "- k v", false, "NAN"},
		{wire.OpSet, "9223372036854775808 k v", false, "NAN"},
		{wire.OpMTTL, "k 5 6", false, "NAN"},
		{wire.OpMLock, "k 1.5", false, "NAN"},
		{wire.OpMGet, "k x", false, "NAN"},
		{wire.OpTTL, "k x", false, engine},
		{wire.OpLock, "k 5 6", false, engine},
		{wire.OpMeta, "k bogus", false, engine},
	} {
		e := &fakeEngine{full: test.full, err: gerr.ErrLocked}
		reply, called := dispatchOne(t, d, e, test.op, test.payload)
		want := test.want
		if want == engine {
			want = "LOCKED"
		}
		if reply != want {
			t.Errorf("%v %q (full %v): answered %s, want %s", test.op, test.payload, test.full, reply, want)
		}
		if (called != "") != (test.want == engine) {
			t.Errorf("%v %q (full %v): called %q", test.op, test.payload, test.full, called)
		}
	}
	// A malformed number is passed on as such.
	for _, op := range []wire.Opcode{wire.OpTTL, wire.OpLock} {
		if _, called := dispatchOne(t, d, &fakeEngine{}, op, "k x"); !strings.HasSuffix(called, " k 0 false") {
			t.Errorf("%v with a malformed number: called %q", op, called)
		}
	}
}

// TestWalkReplies checks the pairs of KEYS and MGET, and the limit to the byte.
func TestWalkReplies(t *testing.T) {
	items := []cache.Value{value.Bytes([]byte("abc")), value.Number(-5), value.Bytes(nil)}
	for range 10 {
		items = append(items, value.Bytes([]byte("x")))
	}
	const (
		keysSize = 4 + 10*(9+1+2) + 3*(9+2+3) // "0" to "9" with k0 to k9, "10" to "12" with k10 to k12
		mgetSize = 4 + (9 + 2 + 3) + (9 + 2 + 8) + (9 + 2) + 7*(9+2+1) + 3*(9+3+1)
	)
	for _, test := range []struct {
		op   wire.Opcode
		size int
		want string
	}{
		{wire.OpKeys, keysSize, "{0=k0 1=k1 2=k2 3=k3 4=k4 5=k5 6=k6 7=k7 8=k8 9=k9 10=k10 11=k11 12=k12}"},
		{wire.OpMGet, mgetSize, "{k0=abc k1=-5 k2= k3=x k4=x k5=x k6=x k7=x k8=x k9=x k10=x k11=x k12=x}"},
	} {
		for _, spare := range []int{0, 1, -1} {
			d := newTestDispatcher(t, test.size+spare)
			want := test.want
			if spare < 0 {
				want = "ERR"
			}
			for range 2 { // nothing is left over from the first time
				if got, _ := dispatchOne(t, d, &fakeEngine{items: items}, test.op, "k"); got != want {
					t.Errorf("%v with %d bytes to spare: %s, want %s", test.op, spare, got, want)
				}
			}
			if got, _ := dispatchOne(t, d, &fakeEngine{}, test.op, "k"); got != "NOT_FOUND" {
				t.Errorf("%v of nothing, after %s: %s, want NOT_FOUND", test.op, want, got)
			}
		}
	}
}

// touchRecorder is an engine that notes what it is told to Touch and what it
// is asked to Get, each as one entry.
type touchRecorder struct {
	engine
	log []string
}

func (r *touchRecorder) Touch(keys [][]byte) {
	r.log = append(r.log, "touch "+string(bytes.Join(keys, []byte(","))))
}

func (r *touchRecorder) Get(key []byte) (cache.Value, error) {
	r.log = append(r.log, "get "+string(key))
	return cache.Value{}, cache.ErrNotFound
}

func (r *touchRecorder) End() {}

// TestKeysAreAnnounced checks that the engine hears of the keys of a batch
// before they are used, those of a long one piece by piece, and that a request
// alone is not announced.
func TestKeysAreAnnounced(t *testing.T) {
	rec := new(touchRecorder)
	srv := &Server{Cache: newCache(t, nil)}
	srv.begin = func() (engine, error) { return rec, nil }
	var all []byte
	for _, key := range []string{"a", "b"} {
		all = append(all, req(wire.OpGet, key)...)
	}
	all = append(all, req(wire.OpPing, "x")...)
	all = append(all, req(wire.OpGet, "c")...)
	for range touchAhead - 4 {
		all = append(all, req(wire.OpPing, "")...)
	}
	all = append(all, req(wire.OpGet, "d")...)
	all = append(all, req(wire.OpEnd, "")...)
	exchange(t, srv, all)
	want := []string{"touch a,b,c", "get a", "get b", "get c", "get d"}
	if !slices.Equal(rec.log, want) {
		t.Errorf("got %q, want %q", rec.log, want)
	}
}
