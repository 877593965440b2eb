package gibson

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gogibson/gibson/wire"
)

// doer sends a call and waits until it has its reply, which may be one that is
// of no use: see call.answer. On error there is no reply and the call is gone;
// without one the caller frees it.
type doer interface {
	do(ctx context.Context, cl *call) error
	// doAll does so for calls that are sent together, as Conn.doAll has it: the
	// caller frees them all.
	doAll(ctx context.Context, calls []*call)
}

// commands are the methods of everything that reaches a server. They are
// written here once and promoted by the types that embed them.
type commands struct {
	d        doer
	calls    *callPool
	maxKey   int // bytes, 0 for unchecked
	maxValue int
	text     *text // decodes values, nil for none
}

func newCommands(d doer, o Options) commands {
	return commands{
		d:        withHooks(d, o.Hooks),
		calls:    newCallPool(),
		maxKey:   o.MaxKeySize,
		maxValue: o.MaxValueSize,
		text:     newText(o.Encoding),
	}
}

// Do sends any command and returns the server's reply. name and args are those
// of EncodeCommand; nothing else about them is checked here. For a reply that
// is an error, NOT_FOUND included, Do returns that error and the Reply, which
// has its code and no data.
func (c *commands) Do(ctx context.Context, name string, args ...any) (Reply, error) {
	cmd, ok := wire.LookupName(name)
	if !ok {
		return Reply{}, &CommandError{Command: strconv.Quote(name), Err: ErrUnknownCommand}
	}
	cl := c.calls.newCall(cmd.Op, wantReply)
	req, err := appendCommand(cl.req[:0], cmd, args)
	if err != nil {
		cl.free()
		return Reply{}, err
	}
	cl.req = req
	if err := c.d.do(ctx, cl); err != nil {
		return Reply{}, refuse(cmd.Op, argsKey(cmd, args), err)
	}
	defer cl.free()
	r, err := cl.reply, cl.answer()
	if err == nil {
		r.Data, err = c.decodeReply(r, r.Data, 0)
		if err == nil {
			return r, nil
		}
		r = Reply{}
	}
	if err != ErrNotFound {
		err = refuse(cmd.Op, cl.key(), err)
	}
	return r, err
}

// argsKey returns the key in the arguments of a command that was not answered,
// whose call is gone; empty if it has none. Arguments behind the key, such as
// a large value, are not encoded again.
func argsKey(cmd wire.Command, args []any) string {
	before := 1 // blanks up to the end of the key
	if shape, _ := cmd.Op.Shape(); shape == wire.ShapeSet {
		before = 2
	}
	req := wire.BeginRequest(nil, cmd.Op)
	start := len(req)
	for i, arg := range args {
		if i > 0 {
			req = append(req, ' ')
		}
		if bytes.Count(req[start:], []byte{' '}) >= before {
			req = append(req, '0') // stands for what follows
			break
		}
		var err error
		if req, err = appendArg(req, arg); err != nil {
			return ""
		}
	}
	return keyOf(cmd.Op, wire.EndRequest(req, 0))
}

// Ping asks the server for a sign of life.
func (c *commands) Ping(ctx context.Context) error {
	return c.code(ctx, c.calls.newCall(wire.OpPing, wantCode), "")
}

// begin returns a call for a command whose payload begins with key.
func (c *commands) begin(op wire.Opcode, w want, key string) (*call, error) {
	if err := c.checkKey(op, key); err != nil {
		return nil, err
	}
	cl := c.calls.newCall(op, w)
	cl.req = append(cl.req, key...)
	return cl, nil
}

// beginSeconds returns a call for a command of a key and a duration.
func (c *commands) beginSeconds(op wire.Opcode, w want, key string, d time.Duration) (*call, error) {
	s, err := seconds(d)
	if err != nil {
		return nil, refuse(op, key, err)
	}
	cl, err := c.begin(op, w, key)
	if err != nil {
		return nil, err
	}
	cl.req = append(cl.req, ' ')
	cl.req = strconv.AppendInt(cl.req, s, 10)
	return cl, nil
}

func (c *commands) checkKey(op wire.Opcode, key string) error {
	if key == "" || strings.IndexByte(key, ' ') >= 0 {
		return refuse(op, key, ErrInvalidKey)
	}
	if c.maxKey > 0 && len(key) > c.maxKey {
		return refuse(op, key, fmt.Errorf("%w: key of %d bytes, want at most %d", ErrTooLarge, len(key), c.maxKey))
	}
	return nil
}

func (c *commands) checkValue(op wire.Opcode, key string, val []byte) error {
	if len(val) == 0 {
		return refuse(op, key, ErrInvalidValue)
	}
	if c.maxValue > 0 && len(val) > c.maxValue {
		return refuse(op, key, fmt.Errorf("%w: value of %d bytes, want at most %d", ErrTooLarge, len(val), c.maxValue))
	}
	return nil
}

// run finishes the request, has it answered and turns error replies into
// errors. On error the call is gone.
func (c *commands) run(ctx context.Context, cl *call, key string) error {
	op := cl.op
	cl.req = wire.EndRequest(cl.req, 0)
	cl.strict = true
	if err := c.d.do(ctx, cl); err != nil {
		return refuse(op, key, err)
	}
	err := cl.answer()
	switch err {
	case nil:
		return nil
	case ErrNotFound:
		// Bare, so that a miss costs no allocation.
	default:
		err = refuse(op, key, err)
	}
	cl.free()
	return err
}

// code runs a call of which only success matters.
func (c *commands) code(ctx context.Context, cl *call, key string) error {
	err := c.run(ctx, cl, key)
	if err == nil {
		cl.free()
	}
	return err
}

// number runs a call that is answered with a number.
func (c *commands) number(ctx context.Context, cl *call, key string) (int64, error) {
	if err := c.run(ctx, cl, key); err != nil {
		return 0, err
	}
	n := cl.number
	cl.free()
	return n, nil
}

// refuse returns err with the command and key it is about.
func refuse(op wire.Opcode, key string, err error) error {
	return &CommandError{Command: op.String(), Key: key, Err: err}
}
