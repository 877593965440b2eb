package cli

import (
	"bytes"
	"errors"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/internal/value"
	"github.com/gogibson/gibson/wire"
)

// print writes the reply to stdout and returns how the command ends. key is
// the command's key or prefix, for messages.
func (o *oneShot) print(key string, reply wire.Reply) error {
	var out bytes.Buffer
	format := o.text
	if o.json {
		format = o.document
	}
	format(&out, reply)
	if _, err := o.stdout.Write(out.Bytes()); err != nil {
		return serverError(err)
	}
	if reply.Code == wire.CodeNotFound {
		return &failure{status: statusNotFound, err: o.missing(key)}
	}
	return nil
}

// missing says what NOT_FOUND means for the command.
func (o *oneShot) missing(key string) error {
	err := gibson.ErrNotFound
	if o.command.Prefix {
		err = errors.New("nothing has this prefix")
		if o.command.Write {
			err = errors.New("nothing with this prefix was changed")
		}
	}
	return &gibson.CommandError{Command: o.command.Name, Key: key, Err: err}
}

// text formats the reply as the help's paragraph on output says.
func (o *oneShot) text(out *bytes.Buffer, reply wire.Reply) {
	switch reply.Code {
	case wire.CodeNotFound:
		// A command that counts has counted nothing.
		if o.command.Prefix && o.command.Reply == wire.CodeVal {
			o.textValue(out, value.Number(0))
		}
	case wire.CodeOK:
		out.WriteString("OK\n")
	case wire.CodeVal:
		v, _ := reply.Value() // only other codes have none
		o.textValue(out, v)
	case wire.CodeKVal:
		for name, v := range reply.Pairs() {
			if o.command.Op != wire.OpKeys {
				o.textItem(out, name)
				out.WriteByte('\t')
			}
			o.textItem(out, v.Bytes())
			out.WriteByte('\n')
		}
	}
}

// textValue writes one value as it is. The newline is for the person's prompt
// only: what a pipe gets is what was stored.
func (o *oneShot) textValue(out *bytes.Buffer, v value.Value) {
	out.Write(v.Bytes())
	if !o.raw && o.isTerminal(o.stdout) {
		out.WriteByte('\n')
	}
}

// textItem writes part of a line of a list, with escapes for the bytes that
// would break the line up.
func (o *oneShot) textItem(out *bytes.Buffer, b []byte) {
	if o.raw {
		out.Write(b)
		return
	}
	for _, c := range b {
		switch c {
		case '\\':
			out.WriteString(`\\`)
		case '\t':
			out.WriteString(`\t`)
		case '\n':
			out.WriteString(`\n`)
		case '\r':
			out.WriteString(`\r`)
		default:
			out.WriteByte(c)
		}
	}
}

// document writes the reply as one JSON document and a newline.
func (o *oneShot) document(out *bytes.Buffer, reply wire.Reply) {
	switch reply.Code {
	case wire.CodeNotFound:
		out.WriteString(o.emptyDocument())
	case wire.CodeOK:
		out.WriteString("true")
	case wire.CodeVal:
		v, _ := reply.Value() // only other codes have none
		writeJSON(out, v)
	case wire.CodeKVal:
		o.documentList(out, reply)
	}
	out.WriteByte('\n')
}

// emptyDocument returns what stands for NOT_FOUND: nothing of the kind that
// the command returns otherwise.
func (o *oneShot) emptyDocument() string {
	switch {
	case !o.command.Prefix:
		return "null"
	case o.command.Reply == wire.CodeKVal:
		return "[]"
	}
	return "0"
}

// documentList writes pairs: the keys of KEYS as an array, the figures of
// STATS, whose names are plain words, as an object, and items as an array of
// objects, which keeps order and any bytes of a key.
func (o *oneShot) documentList(out *bytes.Buffer, reply wire.Reply) {
	open, end := "[", "]"
	if o.command.Op == wire.OpStats {
		open, end = "{", "}"
	}
	out.WriteString(open)
	between := "\n  "
	for name, v := range reply.Pairs() {
		out.WriteString(between)
		between = ",\n  "
		switch o.command.Op {
		case wire.OpKeys:
			writeJSON(out, v)
		case wire.OpStats:
			writeJSON(out, value.Bytes(name))
			out.WriteString(": ")
			writeJSON(out, v)
		default:
			out.WriteString(`{"key": `)
			writeJSON(out, value.Bytes(name))
			out.WriteString(`, "value": `)
			writeJSON(out, v)
			out.WriteByte('}')
		}
	}
	if between != "\n  " {
		out.WriteByte('\n')
	}
	out.WriteString(end)
}
