package gerr

import "errors"

// What a server may answer. A client returns these wrapped with the command
// they answer; match them with errors.Is.
var (
	// ErrServer is the ERR reply: the request was malformed, a META field is
	// unknown, or the reply would not fit max_response_size.
	ErrServer = errors.New("gibson: server refused the request (ERR)")
	// ErrNotFound says that the key is missing or expired, or that a prefix
	// matched nothing.
	ErrNotFound = errors.New("gibson: not found")
	// ErrNotANumber says that an argument or an item's value is not a decimal
	// integer of 64 bits, or that the result would not fit one.
	ErrNotANumber = errors.New("gibson: not a number")
	// ErrMemoryLimit says that the memory limit is reached and that nothing
	// may be evicted. Reads and deletes still work.
	ErrMemoryLimit = errors.New("gibson: memory limit reached")
	// ErrLocked says that the item is locked against changes.
	ErrLocked = errors.New("gibson: item is locked")
)

// What is refused before a server or the engine is asked.
var (
	// ErrClosed says that the cache, connection or pool was closed.
	ErrClosed = errors.New("gibson: closed")
	// ErrInvalidKey says that a key or prefix is empty or holds a space, which
	// the protocol cannot carry.
	ErrInvalidKey = errors.New("gibson: invalid key: want at least one byte and no space")
	// ErrInvalidValue says that a value is empty, which the protocol cannot
	// carry.
	ErrInvalidValue = errors.New("gibson: invalid value: want at least one byte")
	// ErrTooLarge says that a key, a value or a reply is above its limit.
	ErrTooLarge = errors.New("gibson: too large")
	// ErrInvalidTTL says that a duration is negative and not Forever.
	ErrInvalidTTL = errors.New("gibson: invalid duration: want zero or more, or Forever")
	// ErrInvalidField says that a META field has no such name.
	ErrInvalidField = errors.New("gibson: unknown META field")
	// ErrUnknownCommand says that no command has that name.
	ErrUnknownCommand = errors.New("gibson: unknown command")
)

// ProtocolError reports bytes that are not the Gibson protocol. The stream
// they came from cannot be trusted any more: a client closes the connection.
type ProtocolError struct {
	Msg string // what was wrong and what would be right
}

// Error returns the message with the project's prefix.
func (e *ProtocolError) Error() string { return "gibson: protocol error: " + e.Msg }
