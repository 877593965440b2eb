package gibson

import (
	"context"
	"errors"

	"github.com/gogibson/gibson/wire"
)

// SafeToRetry reports whether the call that failed with err may be made again
// without doing anything twice: because the server saw nothing of it, or
// because it has no effect and was not answered. It is false for what the
// server answered, for what was refused before sending, and for INC, DEC,
// MINC, MDEC, LOCK and MLOCK once they may have been sent. It is false as well
// where making the call again would not help: after the Close of a Client or a
// Pool, and for a call in flight that ended with a *ProtocolError. A call in
// flight that its context ended tells nothing of a Close: making it again does.
// A Conn that is closed stays so; again means over another one.
//
// Commands that set rather than change, such as SET, DEL or MTTL, have the
// same effect twice unless another client comes between. SafeToRetry leaves
// them to the caller: it is false once they may have been sent.
//
// Of the error of Pipeline.Exec it is true only if no command of the batch was
// sent. The errors of the results are those of one command each.
func SafeToRetry(err error) bool {
	var over *overError
	var part *partError
	if errors.As(err, &over) || errors.As(err, &part) {
		return false
	}
	if isUnsent(err) {
		return true
	}
	var ce *CommandError
	if !errors.As(err, &ce) {
		return false
	}
	cmd, ok := wire.LookupName(ce.Command)
	return ok && repeatable(cmd.Op) == always && unanswered(err) && !isBreach(err)
}

// unanswered reports whether err leaves open what the server did.
func unanswered(err error) bool {
	return isLost(err) || isCut(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isCut reports whether err says that the connection was closed under a call.
func isCut(err error) bool {
	var cut *cutError
	return errors.As(err, &cut)
}

// isBreach reports whether err says that the server does not keep to the
// protocol.
func isBreach(err error) bool {
	var protocol *ProtocolError
	return errors.As(err, &protocol)
}

// isLost reports whether err says that the connection broke under a call.
func isLost(err error) bool {
	var lost *lostError
	return errors.As(err, &lost)
}

// isUnsent reports whether err says that the server saw nothing of a call.
func isUnsent(err error) bool {
	var unsent *unsentError
	var early *earlyError
	var pool *AcquireError
	return errors.As(err, &unsent) || errors.As(err, &early) || errors.As(err, &pool)
}

// repetition says when a command may be sent twice.
type repetition uint8

const (
	never   repetition = iota // it would count twice, or fail because of itself
	byOptIn                   // the last one wins, so only other clients see a difference
	always                    // it has no effect
)

func repeatable(op wire.Opcode) repetition {
	switch op {
	case wire.OpGet, wire.OpMGet, wire.OpKeys, wire.OpCount, wire.OpMeta, wire.OpStats, wire.OpPing:
		return always
	case wire.OpSet, wire.OpDel, wire.OpTTL, wire.OpUnlock,
		wire.OpMSet, wire.OpMDel, wire.OpMTTL, wire.OpMUnlock:
		return byOptIn
	}
	return never
}

// earlyError ends a call that was not queued on a connection: because none
// could be made, or because the context ended before.
type earlyError struct{ cause error }

func (e *earlyError) Error() string { return e.cause.Error() }

func (e *earlyError) Unwrap() error { return e.cause }
