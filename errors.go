package gibson

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gogibson/gibson/internal/gerr"
)

// What a server answers when it does not do what it was asked. The embedded
// cache returns the same values. A method may wrap them in a *CommandError:
// match with errors.Is.
var (
	// ErrServer is the ERR reply: the request is malformed, a META field is
	// unknown, or the reply would be above the server's max_response_size.
	ErrServer = gerr.ErrServer
	// ErrNotFound says that the key is missing or expired.
	ErrNotFound = gerr.ErrNotFound
	// ErrNotANumber says that an argument or an item's value is not a decimal
	// integer of 64 bits, or that the result would not fit one.
	ErrNotANumber = gerr.ErrNotANumber
	// ErrMemoryLimit says that the server's memory limit is reached and that
	// nothing may be evicted.
	ErrMemoryLimit = gerr.ErrMemoryLimit
	// ErrLocked says that the item is locked against changes.
	ErrLocked = gerr.ErrLocked
)

// What becomes of calls whose connection has ended.
var (
	// ErrClosed says that the connection, the Client or the Pool was closed, or
	// that a connection had ended for another reason before the call was made:
	// ErrConnectionLost and the cause then match as well. Calls that were in
	// flight when Close was called end with it too; what the server did with
	// those is not known. SafeToRetry tells the two apart.
	ErrClosed = gerr.ErrClosed
	// ErrConnectionLost says that the connection ended without having been
	// closed by the program: the server hung up or could not be reached any
	// more, sent bytes that are not the protocol, let a timeout of Options pass
	// or did not answer a health check. The cause is wrapped: io.EOF, say, or a
	// *ProtocolError. Unless ErrClosed matches as well, the call was in flight,
	// and what the server did with it is not known.
	ErrConnectionLost = errors.New("gibson: connection lost")
)

// What is refused before anything is sent.
var (
	// ErrInvalidKey says that a key or prefix is empty or holds a space.
	ErrInvalidKey = gerr.ErrInvalidKey
	// ErrInvalidValue says that a value is empty.
	ErrInvalidValue = gerr.ErrInvalidValue
	// ErrTooLarge says that a key or value is above the limit of Options. It
	// is also what a call ends with whose reply is above MaxReplySize: the
	// command was executed then, and neither the connection nor other calls
	// suffer from it.
	ErrTooLarge = gerr.ErrTooLarge
	// ErrInvalidTTL says that a duration is negative and not Forever.
	ErrInvalidTTL = gerr.ErrInvalidTTL
	// ErrUnknownCommand says that Do or EncodeCommand got a name that no
	// command has.
	ErrUnknownCommand = gerr.ErrUnknownCommand
	// ErrInvalidArgument says that Do or EncodeCommand got an argument that is
	// nil or has no form on the wire.
	ErrInvalidArgument = errors.New("gibson: invalid argument")
)

// ProtocolError reports bytes from the server that are not the Gibson protocol
// (docs/protocol.md, "Replies"). The connection they came from is closed, and
// every call in flight on it ends with this error. A reply that is well formed
// but does not fit its command ends that call alone.
type ProtocolError = gerr.ProtocolError

// CommandError adds the command and its key to the reason why a call failed.
// errors.Is and errors.As see through it.
type CommandError struct {
	Command string // name in upper case, such as GET
	Key     string // key or prefix, empty where there is none
	Err     error  // why: one of the Err values, a *ProtocolError, what a context or the network says
}

// Error returns a message such as
//
//	gibson: INC "user:42:name": not a number
//
// in which a long key is cut short.
func (e *CommandError) Error() string {
	reason := strings.ReplaceAll(e.Err.Error(), prefix, "")
	if e.Key == "" {
		return prefix + e.Command + ": " + reason
	}
	key, cut := e.Key, ""
	if len(key) > maxQuoted {
		key, cut = key[:maxQuoted], "…"
	}
	return fmt.Sprintf("%s%s %q%s: %s", prefix, e.Command, key, cut, reason)
}

// Unwrap returns Err.
func (e *CommandError) Unwrap() error { return e.Err }

// Timeout reports whether the reason is a timeout, as net.Error has it.
func (e *CommandError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

const (
	prefix    = "gibson: " // what every message begins with, once
	maxQuoted = 80         // bytes of a key that a message quotes
)

// lostError ends the calls that were in flight when a connection broke. What
// the server did with them is not known.
type lostError struct {
	addr  string
	cause error
}

func (e *lostError) Error() string {
	return prefix + "connection to " + e.addr + " lost: " + strings.TrimPrefix(e.cause.Error(), prefix)
}

func (e *lostError) Unwrap() error { return e.cause }

func (e *lostError) Is(target error) bool { return target == ErrConnectionLost }

// cutError ends the calls that were in flight when their connection was
// closed. It is ErrClosed to errors.Is. What the server did with them is not
// known.
type cutError struct{}

var errCut error = new(cutError)

func (*cutError) Error() string { return ErrClosed.Error() + " before the reply came" }

func (*cutError) Unwrap() error { return ErrClosed }

// overError ends a call of a Client or Pool that is closed, which no call can
// be made of again. It is ErrClosed to errors.Is.
type overError struct {
	cause error // how it ended
}

func (e *overError) Error() string {
	if errors.Is(e.cause, ErrClosed) {
		return e.cause.Error()
	}
	return ErrClosed.Error() + ": " + strings.TrimPrefix(e.cause.Error(), prefix)
}

func (e *overError) Unwrap() error { return e.cause }

func (e *overError) Is(target error) bool { return target == ErrClosed }

// partError is the error of a batch of which something may have reached the
// server.
type partError struct {
	first error // of the results
}

func (e *partError) Error() string { return e.first.Error() }

func (e *partError) Unwrap() error { return e.first }

// replySizeError ends a call whose reply is above Options.MaxReplySize. It is
// ErrTooLarge to errors.Is.
type replySizeError struct {
	size, most int // of the data, in bytes
}

func (e *replySizeError) Error() string {
	return fmt.Sprintf("%v: reply of %d bytes, want at most %d", ErrTooLarge, e.size, e.most)
}

func (e *replySizeError) Is(target error) bool { return target == ErrTooLarge }

// unsentError ends a call of which the server has not seen a byte. It is
// ErrClosed to errors.Is, whatever closed the connection.
type unsentError struct {
	cause error // ErrClosed or a *lostError
}

func (e *unsentError) Error() string {
	if e.cause == ErrClosed {
		return ErrClosed.Error()
	}
	return ErrClosed.Error() + ": " + strings.TrimPrefix(e.cause.Error(), prefix)
}

func (e *unsentError) Unwrap() error { return e.cause }

func (e *unsentError) Is(target error) bool { return target == ErrClosed }
