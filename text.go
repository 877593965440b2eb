package gibson

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"

	"github.com/gogibson/gibson/wire"
)

// ErrEncoding says that a text encoding is unknown, or that a value is not
// text of that encoding. It ends the call it is about and nothing else.
var ErrEncoding = errors.New("gibson: text encoding")

// View is a Conn, a Client or a Pool seen through another text encoding. It has
// the methods that send commands and shares everything with what it was made
// of: there is nothing to close, and it ends with that. It is safe for
// concurrent use.
type View struct {
	commands
}

// WithEncoding returns a view whose calls decode values from the named text
// encoding to UTF-8, whatever Options.Encoding says; an empty name stands for
// no decoding. Names are those of IANA, in any case: UTF-8, ISO-8859-1,
// Shift_JIS, KOI8-R and so on.
//
// Get, GetInto, Value and Do decode, and only values that are bytes: not
// numbers, and not the pairs of MGET, KEYS and STATS. What is sent is never
// changed. With an unknown name, and for a value that is not text of the
// encoding, those calls fail with ErrEncoding after the server has answered.
func (c *commands) WithEncoding(name string) *View {
	v := &View{*c}
	v.text = newText(name)
	return v
}

// Encoding returns the name of the text encoding that values are decoded from,
// empty for none.
func (c *commands) Encoding() string {
	if c.text == nil {
		return ""
	}
	return c.text.name
}

// text decodes values. Nil leaves them alone.
type text struct {
	name string
	enc  encoding.Encoding // nil for UTF-8, which is only checked
	err  error             // the name is unknown
}

// newText returns the decoder of that name, nil for none.
func newText(name string) *text {
	if name == "" {
		return nil
	}
	t := &text{name: name}
	if strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "utf8") {
		return t
	}
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil || enc == nil { // nil: registered, but not available
		t.err = fmt.Errorf("%w: %q is unknown", ErrEncoding, name)
	}
	t.enc = enc
	return t
}

// decode returns b in UTF-8. The result may be b itself.
func (t *text) decode(b []byte) ([]byte, error) {
	switch {
	case t == nil:
		return b, nil
	case t.err != nil:
		return nil, t.err
	case t.enc == nil:
		if !utf8.Valid(b) {
			return nil, t.invalid()
		}
		return b, nil
	}
	out, err := t.enc.NewDecoder().Bytes(b)
	if err != nil {
		return nil, t.invalid()
	}
	if bytes.ContainsRune(out, utf8.RuneError) {
		// A decoder writes that rune for what it cannot decode. Only if it
		// stood in the text does encoding give the text again.
		back, err := t.enc.NewEncoder().Bytes(out)
		if err != nil || !bytes.Equal(back, b) {
			return nil, t.invalid()
		}
	}
	return out, nil
}

func (t *text) invalid() error {
	return fmt.Errorf("%w: the value is not %s", ErrEncoding, t.name)
}

// decodeReply decodes what a reply of bytes has beyond its first skip.
func (c *commands) decodeReply(r Reply, b []byte, skip int) ([]byte, error) {
	if c.text == nil || r.Code != wire.CodeVal || r.Encoding != wire.EncodingPlain {
		return b, nil
	}
	out, err := c.text.decode(b[skip:])
	if err != nil {
		return nil, err
	}
	if skip == 0 {
		return out, nil
	}
	return append(b[:skip], out...), nil
}
