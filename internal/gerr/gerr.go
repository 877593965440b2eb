// Package gerr holds every error and reply code of the project, once.
//
// It is the lowest package: wire, cache, server and the client at the root
// use it, and cache and the root re-export the values their users meet. A
// program that moves from the embedded cache to a server therefore keeps its
// errors.Is checks.
package gerr

import "fmt"

// Code is the reply code of the wire protocol, the first two bytes of every
// reply (docs/protocol.md, "Replies").
type Code uint16

// The reply codes. Only Value and Pairs carry data.
const (
	CodeErr      Code = 0 // malformed request, unknown META field, reply over max_response_size
	CodeNotFound Code = 1 // key missing or expired; prefix command that matched nothing
	CodeNaN      Code = 2 // a number was expected
	CodeMem      Code = 3 // memory limit reached and nothing may be evicted
	CodeLocked   Code = 4 // the item is locked
	CodeOK       Code = 5 // done, no data
	CodeVal      Code = 6 // one value
	CodeKVal     Code = 7 // key/value pairs
)

// String returns the name the protocol gives the code, such as NOT_FOUND.
func (c Code) String() string {
	switch c {
	case CodeErr:
		return "ERR"
	case CodeNotFound:
		return "NOT_FOUND"
	case CodeNaN:
		return "NAN"
	case CodeMem:
		return "MEM"
	case CodeLocked:
		return "LOCKED"
	case CodeOK:
		return "OK"
	case CodeVal:
		return "VAL"
	case CodeKVal:
		return "KVAL"
	}
	return fmt.Sprintf("CODE(%d)", uint16(c))
}

// Err returns the error that a reply of this code stands for, nil for the
// codes that report success.
func (c Code) Err() error {
	switch c {
	case CodeErr:
		return ErrServer
	case CodeNotFound:
		return ErrNotFound
	case CodeNaN:
		return ErrNotANumber
	case CodeMem:
		return ErrMemoryLimit
	case CodeLocked:
		return ErrLocked
	case CodeOK, CodeVal, CodeKVal:
		return nil
	}
	return &ProtocolError{Msg: fmt.Sprintf("unknown reply code %d, want 0 to 7", uint16(c))}
}

// CodeOf returns the reply code that stands for err, CodeErr for an error
// that has none. err must not be wrapped: the engine returns these bare.
func CodeOf(err error) Code {
	switch err {
	case nil:
		return CodeOK
	case ErrNotFound:
		return CodeNotFound
	case ErrNotANumber:
		return CodeNaN
	case ErrMemoryLimit:
		return CodeMem
	case ErrLocked:
		return CodeLocked
	}
	return CodeErr
}
