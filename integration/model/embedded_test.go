package model

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/wire"
)

// clock is a cache.Clock that moves when it is told to.
type clock struct{ mono, wall atomic.Int64 }

func (c *clock) Now() time.Duration { return time.Duration(c.mono.Load()) }
func (c *clock) Wall() time.Time    { return epoch.Add(time.Duration(c.mono.Load() + c.wall.Load())) }

// options are the cache's for these limits.
func (l limits) options(c *clock) *cache.Options {
	o := &cache.Options{
		MaxKeySize: l.maxKey, MaxValueSize: l.maxValue, Compression: l.compression,
		MaxItemTTL: time.Duration(l.maxTTL) * time.Second, MaxItems: int64(l.maxItems),
		MaxMemory: 1 << 28, Eviction: cache.EvictNone, Clock: c,
	}
	switch {
	case l.evicts && l.lru:
		o.Eviction = cache.EvictLRU
	case l.evicts:
		o.Eviction = cache.EvictLFU
	}
	return o
}

// embedded is the cache in this process. The steps' clients are ways in: 0 and
// 1 share a Batch that stays open until something else is to be done, 2 calls
// the exported methods of Cache.
type embedded struct {
	t      testing.TB
	clock  clock
	limits wire.Limits
	cache  *cache.Cache
	batch  *cache.Batch
	args   []byte
	out    []byte
}

func newEmbedded(t testing.TB, l limits) *embedded {
	e := &embedded{t: t, limits: wire.Limits{MaxKeySize: l.maxKey, MaxValueSize: l.maxValue}}
	c, err := cache.New(l.options(&e.clock))
	if err != nil {
		t.Fatal(err)
	}
	e.cache = c
	return e
}

func (e *embedded) close() {
	e.end()
	if err := e.cache.Close(); err != nil {
		e.t.Error(err)
	}
}

// end ends the open batch.
func (e *embedded) end() {
	if e.batch != nil {
		e.batch.End()
		e.batch = nil
	}
}

func (e *embedded) begin() *cache.Batch {
	if e.batch == nil {
		b, err := e.cache.Begin()
		if err != nil {
			panic(err)
		}
		e.batch = b
	}
	return e.batch
}

// advance implements target.
func (e *embedded) advance(d time.Duration) {
	e.end()
	e.clock.mono.Add(int64(d))
}

// jump implements target.
func (e *embedded) jump(d time.Duration) { e.clock.wall.Add(int64(d)) }

// do executes a request and returns the reply a server would have given. It is
// valid until the next call.
func (e *embedded) do(conn uint8, op uint16, payload string) []byte {
	e.args = append(e.args[:0], payload...)
	e.out = e.out[:0]
	shape, known := wire.Opcode(op).Shape()
	if !known {
		return appendCode(e.out, codeErr)
	}
	a, err := wire.ParseArgs(shape, e.args, e.limits)
	if (op == opSet || op == opMSet) && e.begin().Full() {
		return appendCode(e.out, codeMem)
	}
	if err != nil {
		return appendCode(e.out, codeErr)
	}
	if a.NumberErr && op != opTTL && op != opLock {
		return appendCode(e.out, codeNaN)
	}
	if conn == 2 && sayable(op, &a) {
		e.end()
		return e.method(op, &a)
	}
	return e.inBatch(e.begin(), op, &a)
}

// failed appends the code of an error, which must be one that a command gives.
func (e *embedded) failed(err error) []byte {
	for code, known := range [...]error{
		codeErr: cache.ErrServer, codeNotFound: cache.ErrNotFound, codeNaN: cache.ErrNotANumber,
		codeMem: cache.ErrMemoryLimit, codeLocked: cache.ErrLocked,
	} {
		if errors.Is(err, known) {
			return appendCode(e.out, uint16(code))
		}
	}
	panic(fmt.Sprintf("an error that no command gives: %v", err))
}

func (e *embedded) ok(err error) []byte {
	if err != nil {
		return e.failed(err)
	}
	return appendCode(e.out, codeOK)
}

func (e *embedded) number(n int64, err error) []byte {
	if err != nil {
		return e.failed(err)
	}
	return appendNumber(e.out, n)
}

func (e *embedded) value(v cache.Value, err error) []byte {
	if err != nil {
		return e.failed(err)
	}
	if n, ok := v.Int64(); ok {
		return appendNumber(e.out, n)
	}
	e.out = append(appendHeader(e.out, codeVal, 0, len(v.Bytes())), v.Bytes()...)
	return e.out
}

// inBatch executes a request by a method of Batch.
func (e *embedded) inBatch(b *cache.Batch, op uint16, a *wire.Args) []byte {
	switch op {
	case opPing, opEnd:
		return appendCode(e.out, codeOK)
	case opStats:
		return appendNumber(e.out, b.Stats().Items)
	case opSet:
		if err := b.Set(a.Number, a.Key, a.Value); err != nil {
			return e.failed(err)
		}
		e.out = append(appendHeader(e.out, codeVal, 0, len(a.Value)), a.Value...)
		return e.out
	case opGet:
		return e.value(b.Get(a.Key))
	case opDel:
		return e.ok(b.Delete(a.Key))
	case opInc:
		return e.number(b.Inc(a.Key))
	case opDec:
		return e.number(b.Dec(a.Key))
	case opTTL:
		return e.ok(b.TTL(a.Key, a.Number, !a.NumberErr))
	case opLock:
		return e.ok(b.Lock(a.Key, a.Number, !a.NumberErr))
	case opUnlock:
		return e.ok(b.Unlock(a.Key))
	case opMeta:
		return e.number(b.Meta(a.Key, a.Value))
	case opMSet:
		return e.number(b.MSet(a.Key, a.Value))
	case opMTTL:
		return e.number(b.MTTL(a.Key, a.Number))
	case opMDel:
		return e.number(b.MDelete(a.Key))
	case opMInc:
		return e.number(b.MInc(a.Key))
	case opMDec:
		return e.number(b.MDec(a.Key))
	case opMLock:
		return e.number(b.MLock(a.Key, a.Number))
	case opMUnlock:
		return e.number(b.MUnlock(a.Key))
	case opCount:
		items, _ := b.Weigh(a.Key)
		n := b.Count(a.Key)
		if items != n {
			panic(fmt.Sprintf("Weigh(%q) says %d items, Count %d", a.Key, items, n))
		}
		return appendNumber(e.out, n)
	}
	e.out = appendPairs(e.out, 0)
	count := int64(0)
	b.Walk(a.Key, a.Number, op == opMGet, func(key []byte, v cache.Value) bool {
		e.pair(op, count, string(key), v)
		count++
		return true
	})
	return e.list(count)
}

// pair adds an item to a list.
func (e *embedded) pair(op uint16, i int64, key string, v cache.Value) {
	n, isNumber := v.Int64()
	switch {
	case op == opKeys:
		e.out = appendPair(e.out, strconv.FormatInt(i, 10), 0, key)
	case isNumber:
		e.out = appendPair(e.out, key, 2, string(appendInt(nil, n)))
	default:
		e.out = appendPair(e.out, key, 0, string(v.Bytes()))
	}
}

// list ends a list of so many pairs.
func (e *embedded) list(count int64) []byte {
	if count == 0 {
		return appendCode(e.out[:0], codeNotFound)
	}
	e.out[headerSize], e.out[headerSize+1] = byte(count), byte(count>>8)
	endPairs(e.out)
	return e.out
}

// sayable reports whether the methods of Cache can say what a asks for.
func sayable(op uint16, a *wire.Args) bool {
	if a.NumberErr || a.Number > math.MaxInt64/int64(time.Second) || a.Number < math.MinInt64/int64(time.Second) {
		return false
	}
	switch op {
	case opPing, opEnd:
		return false
	case opMGet:
		return a.Number == int64(int(a.Number)) // which is narrower on 32 bits
	case opMeta:
		switch string(a.Value) {
		case "size", "encoding", "access", "created", "ttl", "left", "lock":
		default:
			return false
		}
	}
	return true
}

// life returns the duration that stands for a number of seconds; none is the
// number that means Forever.
func life(n, none int64) time.Duration {
	switch {
	case n > 0:
		return time.Duration(n) * time.Second
	case n == none, none == 0:
		return cache.Forever
	}
	return 0
}

// present turns a comma-ok result into an error.
func present(ok bool, err error) error {
	if err == nil && !ok {
		return cache.ErrNotFound
	}
	return err
}

// some turns a count into an error where a server answers NOT_FOUND.
func some(n int64, err error) (int64, error) {
	if err == nil && n == 0 {
		return 0, cache.ErrNotFound
	}
	return n, err
}

// method executes a request by a method of Cache.
func (e *embedded) method(op uint16, a *wire.Args) []byte {
	c, key := e.cache, string(a.Key)
	switch op {
	case opStats:
		s, err := c.Stats()
		return e.number(s.Items, err)
	case opSet:
		if err := c.Set(key, a.Value, life(a.Number, 0)); err != nil {
			return e.failed(err)
		}
		e.out = append(appendHeader(e.out, codeVal, 0, len(a.Value)), a.Value...)
		return e.out
	case opGet:
		v, ok, err := c.Value(key)
		return e.value(v, present(ok, err))
	case opDel:
		return e.ok(present(c.Delete(key)))
	case opInc:
		return e.number(c.Inc(key))
	case opDec:
		return e.number(c.Dec(key))
	case opTTL:
		return e.ok(present(c.TTL(key, life(a.Number, 0))))
	case opLock:
		return e.ok(present(c.Lock(key, life(a.Number, -1))))
	case opUnlock:
		return e.ok(present(c.Unlock(key)))
	case opMeta:
		return e.metaMethod(key, string(a.Value))
	case opMSet:
		return e.number(some(c.MSet(key, a.Value)))
	case opMTTL:
		return e.number(some(c.MTTL(key, life(a.Number, 0))))
	case opMDel:
		return e.number(some(c.MDelete(key)))
	case opMInc:
		return e.number(some(c.MInc(key)))
	case opMDec:
		return e.number(some(c.MDec(key)))
	case opMLock:
		return e.number(some(c.MLock(key, life(a.Number, -1))))
	case opMUnlock:
		return e.number(some(c.MUnlock(key)))
	case opCount:
		return e.number(c.Count(key))
	}
	return e.listMethod(op, key, int(a.Number))
}

func (e *embedded) metaMethod(key, field string) []byte {
	method := e.cache.MetaSize
	switch field {
	case "encoding":
		method = e.cache.MetaEncoding
	case "access":
		method = e.cache.MetaAccess
	case "created":
		method = e.cache.MetaCreated
	case "ttl":
		method = e.cache.MetaTTL
	case "left":
		method = e.cache.MetaLeft
	case "lock":
		method = e.cache.MetaLock
	}
	n, ok, err := method(key)
	return e.number(n, present(ok, err))
}

func (e *embedded) listMethod(op uint16, prefix string, limit int) []byte {
	e.out = appendPairs(e.out, 0)
	count := int64(0)
	if op == opKeys {
		keys, err := e.cache.Keys(prefix)
		if err != nil {
			return e.failed(err)
		}
		for key := range keys {
			e.pair(op, count, key, cache.Value{})
			count++
		}
		return e.list(count)
	}
	pairs, err := e.cache.MGet(prefix, limit)
	if err != nil {
		return e.failed(err)
	}
	for key, v := range pairs {
		e.pair(op, count, key, v)
		count++
	}
	return e.list(count)
}

// all returns every item, by key.
func (e *embedded) all() map[string]cache.Value {
	e.end()
	return maps.Collect(e.cache.Ascend("", ""))
}
