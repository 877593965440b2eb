package server

import (
	"strconv"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/gerr"
	"github.com/gogibson/gibson/internal/resident"
	"github.com/gogibson/gibson/wire"
)

// This file alone knows both the protocol and the engine: it turns requests
// into calls of the engine and their results into replies.

// engine is all that the server asks of the storage, for the time of one
// batch; *cache.Batch implements it. Keys and values that go in are not
// retained. What comes out is valid until the next call. Errors are the bare
// values that gerr.CodeOf knows. That it is an interface costs nothing that
// BenchmarkDispatch could measure.
type engine interface {
	// Full reports whether SET and MSET are to be refused for want of memory.
	Full() bool

	Get(key []byte) (cache.Value, error)
	Set(ttl int64, key, val []byte) error
	Delete(key []byte) error
	Inc(key []byte) (int64, error)
	Dec(key []byte) (int64, error)
	TTL(key []byte, seconds int64, valid bool) error
	Lock(key []byte, seconds int64, valid bool) error
	Unlock(key []byte) error
	Meta(key, field []byte) (int64, error)

	MSet(prefix, val []byte) (int64, error)
	MDelete(prefix []byte) (int64, error)
	MInc(prefix []byte) (int64, error)
	MDec(prefix []byte) (int64, error)
	MTTL(prefix []byte, seconds int64) (int64, error)
	MLock(prefix []byte, seconds int64) (int64, error)
	MUnlock(prefix []byte) (int64, error)
	Count(prefix []byte) int64
	Walk(prefix []byte, limit int64, values bool, fn func(key []byte, v cache.Value) bool) (matched int64)

	Stats() cache.Stats

	// Settle removes a bounded number of items whose life is over and reports
	// whether none is left, as commands on families and STATS need it.
	Settle() bool

	// Touch says which keys the next calls will be for. It changes nothing.
	Touch(keys [][]byte)

	// End gives the engine back. It must be called exactly once, after a panic
	// too.
	End()
}

// beginBatch acquires the cache for one batch.
func (s *Server) beginBatch() (engine, error) {
	b, err := s.Cache.Begin()
	if err != nil {
		return nil, err // not b, which would make an interface that is not nil
	}
	return b, nil
}

// call is one parsed request.
type call struct {
	op    wire.Opcode
	wrong bool // malformed or unknown: the answer is ERR
	args  wire.Args
}

// counts says that the answer counts items by their prefix, so that those whose
// life is over must be gone first.
func (c *call) counts() bool {
	switch c.op {
	case wire.OpMSet, wire.OpMTTL, wire.OpMGet, wire.OpMDel, wire.OpMInc, wire.OpMDec, wire.OpMLock, wire.OpMUnlock,
		wire.OpCount, wire.OpKeys, wire.OpStats:
		return !c.wrong
	}
	return false
}

// dispatcher parses and executes requests for one session at a time.
type dispatcher struct {
	srv         *Server
	limits      wire.Limits
	maxResponse int
	resident    int64 // the process's memory, as of the last STATS that was parsed

	// Of the walk that executes KEYS or MGET. The functions are bound once,
	// for a closure per request would be an allocation.
	pairs    wire.PairsWriter
	held     int    // what the output buffer is charged as
	out      *block // what pairs writes to
	before   int    // bytes in it before the reply
	index    int64
	over     bool // the reply is beyond maxResponse
	digits   []byte
	keyFn    func(key []byte, v cache.Value) bool
	valuesFn func(key []byte, v cache.Value) bool
}

func newDispatcher(s *Server) *dispatcher {
	opts := s.Cache.Options()
	d := &dispatcher{
		srv:         s,
		limits:      wire.Limits{MaxKeySize: opts.MaxKeySize, MaxValueSize: opts.MaxValueSize},
		maxResponse: s.cfg.maxResponseSize,
		digits:      make([]byte, 0, 20),
	}
	d.keyFn, d.valuesFn = d.appendKey, d.appendItem
	return d
}

// parse divides a request into its arguments, which alias it. known is false
// for an opcode that no command has.
func (d *dispatcher) parse(req wire.Request) (c call, known bool) {
	c.op = req.Op
	shape, known := req.Op.Shape()
	if !known {
		c.wrong = true
		return c, false
	}
	if c.op == wire.OpStats {
		d.resident = resident.Size() // here, for the lock is no place to read files
	}
	args, err := wire.ParseArgs(shape, req.Payload, d.limits)
	c.args, c.wrong = args, err != nil
	return c, true
}

// execute executes c and appends its reply to out. earlier is the number of
// requests of the same batch that have been executed before it.
//
// The order of checks is the protocol's (docs/protocol.md, "Order of checks"):
// memory for SET and MSET, then shape, then number, then what the engine finds
// out. TTL, LOCK and META leave number and field to the engine, which looks
// for the item first.
func (d *dispatcher) execute(e engine, c *call, earlier int, out *block) {
	switch {
	case (c.op == wire.OpSet || c.op == wire.OpMSet) && e.Full():
		out.b = wire.AppendCode(out.b, wire.CodeMem)
		return
	case c.wrong:
		out.b = wire.AppendCode(out.b, wire.CodeErr)
		return
	case c.args.NumberErr && c.op != wire.OpTTL && c.op != wire.OpLock:
		out.b = wire.AppendCode(out.b, wire.CodeNaN)
		return
	}
	a := &c.args
	switch c.op {
	case wire.OpGet:
		v, err := e.Get(a.Key)
		d.replyValue(out, v, err)
	case wire.OpSet:
		if !d.mayHold(len(out.b) + wire.ReplyHeaderSize + len(a.Value)) {
			out.b = wire.AppendCode(out.b, wire.CodeErr) // and the value is not set
			return
		}
		if err := e.Set(a.Number, a.Key, a.Value); err != nil {
			replyCode(out, err)
			return
		}
		d.replyBytes(out, a.Value)
	case wire.OpDel:
		replyCode(out, e.Delete(a.Key))
	case wire.OpInc:
		replyNumber(out)(e.Inc(a.Key))
	case wire.OpDec:
		replyNumber(out)(e.Dec(a.Key))
	case wire.OpTTL:
		replyCode(out, e.TTL(a.Key, a.Number, !a.NumberErr))
	case wire.OpLock:
		replyCode(out, e.Lock(a.Key, a.Number, !a.NumberErr))
	case wire.OpUnlock:
		replyCode(out, e.Unlock(a.Key))
	case wire.OpMeta:
		replyNumber(out)(e.Meta(a.Key, a.Value))
	case wire.OpMSet:
		replyNumber(out)(e.MSet(a.Key, a.Value))
	case wire.OpMDel:
		replyNumber(out)(e.MDelete(a.Key))
	case wire.OpMInc:
		replyNumber(out)(e.MInc(a.Key))
	case wire.OpMDec:
		replyNumber(out)(e.MDec(a.Key))
	case wire.OpMTTL:
		replyNumber(out)(e.MTTL(a.Key, a.Number))
	case wire.OpMLock:
		replyNumber(out)(e.MLock(a.Key, a.Number))
	case wire.OpMUnlock:
		replyNumber(out)(e.MUnlock(a.Key))
	case wire.OpCount:
		out.b = wire.AppendNumber(out.b, e.Count(a.Key))
	case wire.OpKeys:
		d.replyWalk(e, a.Key, 0, false, out)
	case wire.OpMGet:
		d.replyWalk(e, a.Key, a.Number, true, out)
	case wire.OpStats:
		d.replyStats(e, earlier, out)
	case wire.OpPing, wire.OpEnd:
		out.b = wire.AppendCode(out.b, wire.CodeOK)
	default:
		// A command of the table that this switch lacks.
		out.b = wire.AppendCode(out.b, wire.CodeErr)
	}
}

// replyCode appends OK or the code of an error.
func replyCode(out *block, err error) {
	out.b = wire.AppendCode(out.b, gerr.CodeOf(err))
}

// replyNumber returns a function that appends a number or the code of an
// error. It takes what the engine's methods return, as it is.
func replyNumber(out *block) func(n int64, err error) {
	return func(n int64, err error) {
		if err != nil {
			replyCode(out, err)
			return
		}
		out.b = wire.AppendNumber(out.b, n)
	}
}

// replyValue appends an item's value or the code of an error.
func (d *dispatcher) replyValue(out *block, v cache.Value, err error) {
	if err != nil {
		replyCode(out, err)
		return
	}
	if n, ok := v.Int64(); ok {
		out.b = wire.AppendNumber(out.b, n)
		return
	}
	d.replyBytes(out, v.Bytes())
}

// replyBytes appends a value. It is the one copy that a value sees.
func (d *dispatcher) replyBytes(out *block, val []byte) {
	if n := len(out.b) + wire.ReplyHeaderSize + len(val); n > cap(out.b) {
		if !d.mayHold(n) {
			out.b = wire.AppendCode(out.b, wire.CodeErr)
			return
		}
		d.srv.blocks.grow(out, n)
	}
	out.b = wire.AppendValue(out.b, val)
}

// replyWalk appends the pairs of KEYS or MGET, NOT_FOUND if nothing matched,
// or ERR if the reply would be too large: then nothing of it remains.
func (d *dispatcher) replyWalk(e engine, prefix []byte, limit int64, values bool, out *block) {
	d.out, d.before = out, len(out.b)
	d.pairs = wire.BeginPairs(out.b)
	d.index, d.over = 0, false
	fn := d.keyFn
	if values {
		fn = d.valuesFn
	}
	matched := e.Walk(prefix, limit, values, fn)
	switch {
	case d.over:
		out.b = wire.AppendCode(d.pairs.Discard(), wire.CodeErr)
	case matched == 0:
		out.b = wire.AppendCode(d.pairs.Discard(), wire.CodeNotFound)
	default:
		out.b = d.pairs.Finish()
	}
	d.pairs, d.out = wire.PairsWriter{}, nil // the buffer is out's again
}

// pairSize is what a pair takes besides key and value: two lengths and the
// encoding.
const pairSize = 4 + 1 + 4

// fits reports whether a pair of those sizes still fits the reply, and makes
// room for it.
func (d *dispatcher) fits(key, val int) bool {
	size := d.pairs.Len() + pairSize + key + val
	d.over = size > d.maxResponse
	if need := d.before + wire.ReplyHeaderSize + size; !d.over && need > cap(d.out.b) {
		d.over = !d.growPairs(need)
	}
	return !d.over
}

// growPairs goes on with the reply in a larger block, if there may be one.
func (d *dispatcher) growPairs(need int) bool {
	pool := &d.srv.blocks
	if !d.mayHold(pool.size(cap(d.out.b), need)) {
		return false
	}
	next := pool.larger(cap(d.out.b), need)
	d.out.b, next.b = next.b, d.pairs.Move(next.b) // out keeps its address
	pool.put(next)
	return true
}

// appendKey adds a pair of KEYS: the key's place in the order, the key.
func (d *dispatcher) appendKey(key []byte, _ cache.Value) bool {
	d.digits = strconv.AppendInt(d.digits[:0], d.index, 10)
	d.index++
	if !d.fits(len(d.digits), len(key)) {
		return false
	}
	d.pairs.Append(d.digits, key)
	return true
}

// appendItem adds a pair of MGET: a key and its value.
func (d *dispatcher) appendItem(key []byte, v cache.Value) bool {
	if n, ok := v.Int64(); ok {
		if !d.fits(len(key), 8) {
			return false
		}
		d.pairs.AppendNumber(key, n)
		return true
	}
	val := v.Bytes()
	if !d.fits(len(key), len(val)) {
		return false
	}
	d.pairs.Append(key, val)
	return true
}

// replyStats appends the pairs of STATS, this request counted.
func (d *dispatcher) replyStats(e engine, earlier int, out *block) {
	requests := d.srv.counters.requests.Load() + int64(earlier) + 1
	w := wire.BeginPairs(out.b)
	for _, f := range d.srv.figures(e.Stats(), requests, d.resident) {
		if f.isText {
			w.Append([]byte(f.name), []byte(f.text))
		} else {
			w.AppendNumber([]byte(f.name), f.number)
		}
	}
	if w.Len() > d.maxResponse {
		out.b = wire.AppendCode(w.Discard(), wire.CodeErr)
		return
	}
	out.b = w.Finish()
}
