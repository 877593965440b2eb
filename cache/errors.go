package cache

import "github.com/gogibson/gibson/internal/gerr"

// The errors of this package, to be matched with errors.Is. They are the same
// values as those of the client at the module's root, so a program may move
// from the embedded cache to a server and keep its checks.
var (
	// ErrClosed says that the Cache was closed.
	ErrClosed = gerr.ErrClosed
	// ErrInvalidKey says that a key or prefix is empty or holds a space.
	ErrInvalidKey = gerr.ErrInvalidKey
	// ErrInvalidValue says that a value is empty.
	ErrInvalidValue = gerr.ErrInvalidValue
	// ErrTooLarge says that a key or value is longer than Options allow.
	ErrTooLarge = gerr.ErrTooLarge
	// ErrInvalidTTL says that a duration is negative and not Forever.
	ErrInvalidTTL = gerr.ErrInvalidTTL
	// ErrLocked says that the item is locked against changes.
	ErrLocked = gerr.ErrLocked
	// ErrNotANumber says that the item's value is not a decimal integer of 64
	// bits, or that the result would not fit one.
	ErrNotANumber = gerr.ErrNotANumber
	// ErrMemoryLimit says that the memory limit is reached and that nothing
	// may be evicted, or that evicting everything would not be enough. Reads and deletes still work.
	ErrMemoryLimit = gerr.ErrMemoryLimit
	// ErrNotFound says that the key is missing or expired, or that a prefix
	// matched nothing. Only Batch returns it: the methods of Cache report
	// absence by their results.
	ErrNotFound = gerr.ErrNotFound
	// ErrServer says that a META field is unknown, or that the memory of a
	// compressed value went bad. Only Batch returns it.
	ErrServer = gerr.ErrServer
)
