package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"github.com/gogibson/gibson/internal/value"
)

// writeJSON writes v so that it can be read back exactly: a number as its
// digits, UTF-8 as a string, other bytes as {"base64": "…"}.
func writeJSON(out *bytes.Buffer, v value.Value) {
	b := v.Bytes()
	switch {
	case v.IsNumber():
		out.Write(b)
	case utf8.Valid(b):
		writeJSONString(out, string(b))
	default:
		out.WriteString(`{"base64": "`)
		out.Write(base64.StdEncoding.AppendEncode(out.AvailableBuffer(), b))
		out.WriteString(`"}`)
	}
}

// writeJSONString writes s, which is UTF-8, as a JSON string.
func writeJSONString(out *bytes.Buffer, s string) {
	// Marshal would write <, > and & as escapes, which nobody wants to read.
	// The encoder does not, but ends with a newline.
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string into a buffer cannot fail
	out.Truncate(out.Len() - 1)
}
