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
// MINC, MDEC, LOCK and MLOCK once they may have been sent.
//
// Commands that set rather than change, such as SET, DEL or MTTL, have the
// same effect twice unless another client comes between. SafeToRetry leaves
// them to the caller: it is false once they may have been sent.
func SafeToRetry(err error) bool {
	if isUnsent(err) {
		return true
	}
	var ce *CommandError
	if !errors.As(err, &ce) {
		return false
	}
	cmd, ok := wire.LookupName(ce.Command)
	return ok && repeatable(cmd.Op) == always && unanswered(err)
}

// unanswered reports whether err leaves open what the server did.
func unanswered(err error) bool {
	return isLost(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
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
