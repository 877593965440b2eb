package gibson

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/gogibson/gibson/internal/value"
	"github.com/gogibson/gibson/wire"
)

// want says what a call keeps of its reply.
type want uint8

const (
	wantCode   want = iota // the code alone
	wantBytes              // the value, or a number's digits, appended to dst
	wantNumber             // a number
	wantInt                // a number, or text that is one
	wantReply              // everything
)

// The states of a call. Who moves it from pending owns its results: the reader
// that is about to deliver, or the caller that gives up. An abandoned call is
// freed by the reader that meets its reply.
const (
	callPending uint32 = iota
	callDelivered
	callAbandoned
)

// call is one request, the place in the queue that waits for its reply, and
// the reply. Calls are pooled: from newCall on one belongs to its caller, who
// ends with free, unless it was abandoned.
type call struct {
	op    wire.Opcode
	want  want
	state atomic.Uint32
	seq   uint64        // place in the connection's order of requests
	cost  int64         // bytes counted against Options.MaxInFlight
	req   []byte        // the request in wire format
	done  chan struct{} // holds one element once delivered
	pool  *callPool     // where free puts it

	name    string // what key returns if there is no request any more
	patient bool   // its caller cannot be cancelled
	strict  bool   // a reply of another code than the command's is none

	// The reply, valid after done.
	reply    Reply  // Data only with wantReply, and owned by the call
	received int    // size of the reply in bytes
	dst      []byte // with wantBytes
	number   int64  // with wantNumber and wantInt
	unfit    error  // why the reply is none that the caller can take
	err      error  // why there is no reply
}

// callPool holds idle calls. Whatever calls send has one of its own, so that
// no channel passes from one synctest bubble to another.
type callPool struct{ p sync.Pool }

func newCallPool() *callPool {
	pool := new(callPool)
	pool.p.New = func() any { return &call{pool: pool, done: make(chan struct{}, 1)} }
	return pool
}

// maxKept is the size up to which an idle call keeps its request buffer.
const maxKept = 64 << 10

// newCall returns a call whose request is begun: append the payload to req.
func (p *callPool) newCall(op wire.Opcode, w want) *call {
	cl := p.p.Get().(*call)
	cl.op, cl.want, cl.strict = op, w, false
	cl.req = wire.BeginRequest(cl.req[:0], op)
	return cl
}

// givenUp returns a call in the place of cl, which its caller is about to
// abandon for the reason err. Of the request it has what names the key.
func (p *callPool) givenUp(cl *call, err error) *call {
	g := p.newCall(cl.op, cl.want)
	g.name, g.err = cl.key(), err
	return g
}

// free gives a call back that no connection holds any more.
func (cl *call) free() {
	if cap(cl.req) > maxKept {
		cl.req = nil
	}
	cl.dst, cl.name = nil, ""
	cl.reset()
	cl.pool.p.Put(cl)
}

// reset makes the call as it was before it was sent.
func (cl *call) reset() {
	cl.reply, cl.received, cl.number, cl.unfit, cl.err = Reply{}, 0, 0, nil, nil
	cl.state.Store(callPending)
}

// abandon gives the call up on behalf of its caller and reports whether it
// could: false means that the result is there or will be within moments.
// After true the call must not be touched.
func (cl *call) abandon() bool {
	return cl.state.CompareAndSwap(callPending, callAbandoned)
}

// deliver hands the reply to the caller, or drops it if there is none any
// more. size is that of the reply on the wire. owned says that the call may
// keep r.Data instead of a copy. The call must not be touched afterwards.
func (cl *call) deliver(r Reply, size int, owned bool) {
	if !cl.state.CompareAndSwap(callPending, callDelivered) {
		cl.free()
		return
	}
	cl.received = size
	cl.take(r, owned)
	cl.done <- struct{}{}
}

// reject ends the call with a reply that its caller cannot take for the
// reason err. size is that of the reply on the wire. The call must not be
// touched afterwards.
func (cl *call) reject(code wire.Code, size int, err error) {
	if !cl.state.CompareAndSwap(callPending, callDelivered) {
		cl.free()
		return
	}
	cl.reply.Code, cl.received, cl.unfit = code, size, err
	cl.done <- struct{}{}
}

// fail ends the call without a reply. The call must not be touched afterwards.
func (cl *call) fail(err error) {
	if !cl.state.CompareAndSwap(callPending, callDelivered) {
		cl.free()
		return
	}
	cl.err = err
	cl.done <- struct{}{}
}

// answer returns what the server's answer comes to: nil, the error that it
// says, or why the caller cannot take it.
func (cl *call) answer() error {
	code := cl.reply.Code
	switch err := code.Err(); {
	case err != nil:
		return err
	case cl.unfit != nil:
		return cl.unfit
	case cl.strict && !expected(cl.op, code):
		return &ProtocolError{Msg: fmt.Sprintf("%v reply", code)}
	}
	return nil
}

// expected reports whether code is how the server reports success of op.
func expected(op wire.Opcode, code wire.Code) bool {
	cmd, ok := wire.Lookup(op)
	return ok && code == cmd.Reply
}

// key returns the key or prefix in the request, empty if there is none: with
// Do the arguments may be anything.
func (cl *call) key() string {
	if cl.name != "" {
		return cl.name
	}
	return keyOf(cl.op, cl.req)
}

// keyOf returns the key or prefix that the first request in b has, empty for
// none.
func keyOf(op wire.Opcode, b []byte) string {
	lim := wire.Limits{MaxKeySize: len(b), MaxValueSize: len(b)}
	req, _, err := wire.ParseRequest(b, len(b))
	if err != nil {
		return ""
	}
	shape, ok := op.Shape()
	if !ok {
		return ""
	}
	args, err := wire.ParseArgs(shape, req.Payload, lim)
	if err != nil {
		return ""
	}
	return string(args.Key)
}

// keeps reports whether the call keeps the data of its reply as it is.
func (cl *call) keeps() bool {
	return cl.want == wantReply || cl.want == wantBytes && cl.dst == nil
}

// take keeps of the reply what the call wants.
func (cl *call) take(r Reply, owned bool) {
	cl.reply.Code, cl.reply.Encoding = r.Code, r.Encoding
	if r.Code != wire.CodeVal && r.Code != wire.CodeKVal {
		return
	}
	switch cl.want {
	case wantReply:
		cl.reply.Data = r.Data
		if !owned {
			cl.reply.Data = append([]byte{}, r.Data...)
		}
	case wantBytes:
		cl.takeBytes(r, owned)
	case wantNumber:
		cl.number, cl.unfit = r.Int64()
	case wantInt:
		v, err := r.Value()
		n, ok := v.Int64()
		if err == nil && !ok {
			if n, ok = value.ParseInt(r.Data); !ok {
				err = ErrNotANumber
			}
		}
		cl.number, cl.unfit = n, err
	}
}

func (cl *call) takeBytes(r Reply, owned bool) {
	v, err := r.Value()
	if err != nil {
		cl.unfit = err
		return
	}
	switch n, isNum := v.Int64(); {
	case isNum:
		cl.dst = strconv.AppendInt(cl.dst, n, 10)
	case cl.dst != nil:
		cl.dst = append(cl.dst, r.Data...)
	case owned:
		cl.dst = r.Data
	default:
		cl.dst = make([]byte, len(r.Data))
		copy(cl.dst, r.Data)
	}
}
