package gibson

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"
)

// Hooks observe commands, for logs, traces and metrics. Either function may be
// nil. They are called by the goroutine that made the call, for every command
// that reaches a connection, a client or a pool: not for what is refused
// before. Several goroutines call them at once. Without Hooks a call does
// nothing on their account.
type Hooks struct {
	// Start is called before a command is sent. The context that it returns is
	// that of the command and of End.
	Start func(ctx context.Context, e Event) context.Context

	// End is called when the command has its outcome. A Client's repetitions
	// are one command.
	End func(ctx context.Context, e Event)
}

// Event is one command. Received, Err and Duration are set for End alone.
type Event struct {
	Command  string        // name in upper case, such as GET
	Key      string        // key or prefix, empty where there is none
	Sent     int           // size of the request in bytes
	Received int           // size of the reply in bytes, 0 without one
	Err      error         // nil, what the server answered, or why there is no answer
	Duration time.Duration // from Start to End; for the commands of a Pipeline, of all of them
}

// Outcome sorts what became of the command under one of a few words, for the
// labels of metrics and the levels of logs. What the server answered is "ok",
// "not_found", "locked", "not_a_number", "memory_limit" or, for ERR, "refused";
// a GET whose value GetInt finds to be no number is "not_a_number" as well.
// Without an answer it is "canceled" or "timeout" after the end of a context or
// a timeout of Options, and "failed" for everything else, an answer that the
// caller cannot take included: one that does not fit the command, or is above
// Options.MaxReplySize. Start has nothing to sort yet.
func (e Event) Outcome() string {
	for _, o := range [...]struct {
		err  error
		word string
	}{
		{ErrNotFound, "not_found"},
		{ErrLocked, "locked"},
		{ErrNotANumber, "not_a_number"},
		{ErrMemoryLimit, "memory_limit"},
		{ErrServer, "refused"},
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "timeout"},
		{os.ErrDeadlineExceeded, "timeout"},
	} {
		switch {
		case e.Err == nil:
			return "ok"
		case errors.Is(e.Err, o.err):
			return o.word
		}
	}
	return "failed"
}

// Answered reports whether the server answered the command, be it with an
// error or with a reply that the caller cannot take.
func (e Event) Answered() bool { return e.Received > 0 }

// JoinHooks returns hooks that call all of the given ones, of which some may
// be nil: Start in order, each with the context that the one before returned,
// and End in reverse order, each with the context of the last Start. The
// functions are read once.
func JoinHooks(hooks ...*Hooks) *Hooks {
	var starts []func(context.Context, Event) context.Context
	var ends []func(context.Context, Event)
	for _, h := range hooks {
		if h != nil && h.Start != nil {
			starts = append(starts, h.Start)
		}
		if h != nil && h.End != nil {
			ends = append(ends, h.End)
		}
	}
	slices.Reverse(ends)
	joined := new(Hooks) // without functions it costs nothing
	if len(starts) > 0 {
		joined.Start = func(ctx context.Context, e Event) context.Context {
			for _, start := range starts {
				ctx = start(ctx, e)
			}
			return ctx
		}
	}
	if len(ends) > 0 {
		joined.End = func(ctx context.Context, e Event) {
			for _, end := range ends {
				end(ctx, e)
			}
		}
	}
	return joined
}

// hooked tells hooks what passes through a doer.
type hooked struct {
	d     doer
	hooks Hooks
}

// withHooks returns d, observed by h if that is not nil.
func withHooks(d doer, h *Hooks) doer {
	if h == nil || h.Start == nil && h.End == nil {
		return d
	}
	return &hooked{d: d, hooks: *h}
}

func (h *hooked) do(ctx context.Context, cl *call) error {
	e := newEvent(cl)
	start := time.Now()
	ctx = h.start(ctx, e)
	err := h.d.do(ctx, cl)
	e.Err = err
	if err == nil {
		e.Received, e.Err = cl.received, cl.answer()
	}
	h.end(ctx, e, start)
	return err
}

func (h *hooked) doAll(ctx context.Context, calls []*call) {
	events := make([]Event, len(calls))
	contexts := make([]context.Context, len(calls))
	start := time.Now()
	for i, cl := range calls {
		events[i] = newEvent(cl)
		contexts[i] = h.start(ctx, events[i])
	}
	h.d.doAll(ctx, calls)
	for i, cl := range calls {
		e := events[i]
		if e.Err = cl.err; e.Err == nil {
			e.Received, e.Err = cl.received, cl.answer()
		}
		h.end(contexts[i], e, start)
	}
}

func (h *hooked) start(ctx context.Context, e Event) context.Context {
	if h.hooks.Start == nil {
		return ctx
	}
	return h.hooks.Start(ctx, e)
}

func (h *hooked) end(ctx context.Context, e Event, start time.Time) {
	if h.hooks.End != nil {
		e.Duration = time.Since(start)
		h.hooks.End(ctx, e)
	}
}

// newEvent describes a call that is about to be sent.
func newEvent(cl *call) Event {
	return Event{Command: cl.op.String(), Key: cl.key(), Sent: len(cl.req)}
}
