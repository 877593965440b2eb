package gibson

import (
	"context"
	"strconv"

	"github.com/gogibson/gibson/wire"
)

// Pipeline collects commands to be sent together, in one write if they fit
// one, for programs that have many at once and one goroutine. Goroutines that
// share a connection are pipelined without it. The server answers the commands
// in order, but what other clients send may come between them.
//
// A Pipeline is not safe for concurrent use. Take one from Conn.Pipeline.
type Pipeline struct {
	c     *commands
	calls []*call
	bad   []error // by place: why a command was refused, nil for calls
}

// Result is the outcome of one command of a Pipeline: what Do would have
// returned.
type Result struct {
	Reply Reply
	Err   error
}

// Pipeline returns an empty batch of commands.
func (c *commands) Pipeline() *Pipeline { return &Pipeline{c: c} }

// Do adds a command, whose name and args are those of EncodeCommand. A command
// that Conn.Do would refuse is not sent; its Result says why.
func (p *Pipeline) Do(name string, args ...any) {
	cmd, ok := wire.LookupName(name)
	if !ok {
		p.refuse(&CommandError{Command: strconv.Quote(name), Err: ErrUnknownCommand})
		return
	}
	cl := p.c.calls.newCall(cmd.Op, wantReply)
	req, err := appendCommand(cl.req[:0], cmd, args)
	if err != nil {
		cl.free()
		p.refuse(err)
		return
	}
	cl.req = req
	p.calls = append(p.calls, cl)
	p.bad = append(p.bad, nil)
}

func (p *Pipeline) refuse(err error) { p.bad = append(p.bad, err) }

// Len returns the number of commands added since the last Exec.
func (p *Pipeline) Len() int { return len(p.bad) }

// Discard takes back what was added since the last Exec.
func (p *Pipeline) Discard() {
	for _, cl := range p.calls {
		cl.free()
	}
	p.calls, p.bad = nil, nil
}

// Exec sends the commands and returns their results in order, one for each.
// Afterwards the Pipeline is empty and may be used again.
//
// The error is the first one among the results that is not the server's
// answer: a refused command, the end of ctx or of the connection. Commands
// whose replies had come by then have them. SafeToRetry of this error is about
// the whole batch, and true only if nothing of it was sent; that of a Result's
// error is about one command. The error may wrap that of the Result: match it
// with errors.Is and errors.As.
func (p *Pipeline) Exec(ctx context.Context) ([]Result, error) {
	calls, bad := p.calls, p.bad
	p.calls, p.bad = nil, nil
	p.c.d.doAll(ctx, calls)
	results := make([]Result, len(bad))
	var first error
	sent := false
	for i := range results {
		if results[i].Err = bad[i]; bad[i] == nil {
			var answered bool
			results[i], answered = p.c.result(calls[0])
			calls = calls[1:]
			sent = sent || answered || !isUnsent(results[i].Err)
			if answered {
				continue
			}
		}
		if first == nil {
			first = results[i].Err
		}
	}
	if first != nil && sent {
		first = &partError{first: first}
	}
	return results, first
}

// result turns a call of a batch into its result and frees it. answered says
// that it is the server's answer.
func (c *commands) result(cl *call) (r Result, answered bool) {
	defer cl.free()
	err := cl.err
	if answered = err == nil; answered {
		r.Reply, err = cl.reply, cl.answer()
	}
	if err == nil {
		r.Reply.Data, err = c.decodeReply(r.Reply, r.Reply.Data, 0)
	}
	if err != nil {
		r.Reply.Data = nil
		if err != ErrNotFound {
			err = refuse(cl.op, cl.key(), err)
		}
	}
	r.Err = err
	return r, answered
}
