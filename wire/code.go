package wire

import (
	"fmt"

	"github.com/gogibson/gibson/internal/gerr"
)

// Code is the reply code: the first two bytes of a reply.
type Code = gerr.Code

// The reply codes (docs/protocol.md, "Replies").
const (
	CodeErr      = gerr.CodeErr
	CodeNotFound = gerr.CodeNotFound
	CodeNaN      = gerr.CodeNaN
	CodeMem      = gerr.CodeMem
	CodeLocked   = gerr.CodeLocked
	CodeOK       = gerr.CodeOK
	CodeVal      = gerr.CodeVal
	CodeKVal     = gerr.CodeKVal
)

// Encoding says what the data of a value is (docs/protocol.md, "Values").
type Encoding uint8

// The encodings. LZF appears as the answer of META only: a server decompresses
// what it sends, so a reply with that encoding is not the protocol.
const (
	EncodingPlain  Encoding = 0
	EncodingLZF    Encoding = 1
	EncodingNumber Encoding = 2
)

// String returns the name the protocol gives the encoding.
func (e Encoding) String() string {
	switch e {
	case EncodingPlain:
		return "PLAIN"
	case EncodingLZF:
		return "LZF"
	case EncodingNumber:
		return "NUMBER"
	}
	return fmt.Sprintf("ENCODING(%d)", uint8(e))
}
