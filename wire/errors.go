package wire

import (
	"errors"

	"github.com/gogibson/gibson/internal/gerr"
)

// What the parsers return, always bare: compare with ==.
var (
	// ErrShort says that the bytes are the beginning of a request or reply
	// whose rest is missing. Read more and parse again.
	ErrShort = errors.New("gibson: message is incomplete")

	// ErrLength says that a request's length field is below MinLength or above
	// the limit. It is a *ProtocolError: where the next request would begin is
	// not known, so the connection is of no further use.
	ErrLength error = &gerr.ProtocolError{Msg: "request length out of range, want 2 to max_request_size"}

	// ErrShape says that a payload lacks an argument or holds one that is
	// empty or too long. The server answers ERR and the connection stays.
	ErrShape = errors.New("gibson: malformed arguments")
)

// ProtocolError reports bytes that are not the Gibson protocol.
type ProtocolError = gerr.ProtocolError
