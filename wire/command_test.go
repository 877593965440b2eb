package wire_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// opcodes are the protocol's numbers, written out a second time on purpose.
var opcodes = map[string]wire.Opcode{
	"SET": 1, "TTL": 2, "GET": 3, "DEL": 4, "INC": 5, "DEC": 6, "LOCK": 7, "UNLOCK": 8,
	"MSET": 9, "MTTL": 10, "MGET": 11, "MDEL": 12, "MINC": 13, "MDEC": 14, "MLOCK": 15, "MUNLOCK": 16,
	"COUNT": 17, "STATS": 18, "PING": 19, "META": 20, "KEYS": 21, "END": 255,
}

func TestCommands(t *testing.T) {
	cs := wire.Commands()
	if len(cs) != len(opcodes) {
		t.Errorf("%d commands, want %d", len(cs), len(opcodes))
	}
	if !slices.IsSortedFunc(cs, func(a, b wire.Command) int { return int(a.Op) - int(b.Op) }) {
		t.Error("commands are not in the order of their opcodes")
	}
	for _, c := range cs {
		if c.Op != opcodes[c.Name] {
			t.Errorf("%s has opcode %d, want %d", c.Name, c.Op, opcodes[c.Name])
		}
		if got, ok := wire.Lookup(c.Op); !ok || got.Name != c.Name {
			t.Errorf("Lookup(%d) = %q, %v, want %q", c.Op, got.Name, ok, c.Name)
		}
		if got, ok := wire.LookupName(" \t" + strings.ToLower(c.Name) + "\n"); !ok || got.Op != c.Op {
			t.Errorf("LookupName(%q) = %v, %v, want %v", c.Name, got.Op, ok, c.Op)
		}
		if s, ok := c.Op.Shape(); !ok || s != c.Shape {
			t.Errorf("%s: Opcode.Shape() = %v, %v, want %v", c.Name, s, ok, c.Shape)
		}
		if c.Op.String() != c.Name {
			t.Errorf("opcode of %s prints as %s", c.Name, c.Op)
		}
	}
}

// What the table says of a command must fit together.
func TestCommandsAreConsistent(t *testing.T) {
	arguments := map[wire.Shape][]string{
		wire.ShapeNone:      {""},
		wire.ShapeKey:       {"key", "prefix"},
		wire.ShapeKeyNumber: {"key ttl", "prefix ttl", "key seconds", "prefix seconds"},
		wire.ShapeSet:       {"ttl key value"},
		wire.ShapeKeyValue:  {"prefix value"},
		wire.ShapeKeyLimit:  {"prefix [limit]"},
		wire.ShapeKeyField:  {"key field"},
	}
	for _, c := range wire.Commands() {
		if !slices.Contains(arguments[c.Shape], c.Args) {
			t.Errorf("%s: shape %v with arguments %q", c.Name, c.Shape, c.Args)
		}
		if c.Prefix != strings.Contains(c.Args, "prefix") {
			t.Errorf("%s: Prefix = %v with arguments %q", c.Name, c.Prefix, c.Args)
		}
		if c.Reply.Err() != nil {
			t.Errorf("%s: success is answered %v", c.Name, c.Reply)
		}
		for i, f := range c.Fails {
			if f.Err() == nil || i > 0 && c.Fails[i-1] >= f {
				t.Errorf("%s: failures %v are not errors in ascending order", c.Name, c.Fails)
			}
		}
		hasNumber := c.Shape == wire.ShapeKeyNumber || c.Shape == wire.ShapeSet || c.Shape == wire.ShapeKeyLimit
		if hasNumber && !slices.Contains(c.Fails, wire.CodeNaN) {
			t.Errorf("%s takes a number and does not list NAN", c.Name)
		}
		if c.Shape != wire.ShapeNone && !slices.Contains(c.Fails, wire.CodeErr) {
			t.Errorf("%s takes arguments and does not list ERR", c.Name)
		}
		if a, err := wire.ParseArgs(c.Shape, []byte(c.Example), wire.Limits{}); err != nil || a.NumberErr {
			t.Errorf("%s: example %q does not parse: %+v, %v", c.Name, c.Example, a, err)
		}
		if c.Summary == "" || strings.HasSuffix(c.Summary, ".") || strings.Contains(c.Summary, "\n") {
			t.Errorf("%s: summary %q, want one line without a full stop", c.Name, c.Summary)
		}
	}
}

func TestCommandsReturnsACopy(t *testing.T) {
	cs := wire.Commands()
	cs[0].Name = "XXX"
	cs[0].Fails[0] = wire.CodeOK
	if c, _ := wire.Lookup(wire.OpSet); c.Name != "SET" || c.Fails[0] != wire.CodeErr {
		t.Errorf("a caller's change reached the table: %+v", c)
	}
}

func TestLookupUnknown(t *testing.T) {
	for _, op := range []wire.Opcode{0, 22, 23, 32, 63, 100, 254, 256, 259, 32767, 65535} {
		if c, ok := wire.Lookup(op); ok || c.Name != "" {
			t.Errorf("Lookup(%d) = %+v, want none", op, c)
		}
		if s, ok := op.Shape(); ok || s != wire.ShapeNone {
			t.Errorf("Opcode(%d).Shape() = %v, %v, want none", op, s, ok)
		}
	}
	// The last two fold to SET and LOCK in Unicode, not in the protocol.
	for _, name := range []string{"", " ", "SE", "SETS", "S ET", "DELETE", "\x00", "ſet", "LOC\u212a"} {
		if c, ok := wire.LookupName(name); ok {
			t.Errorf("LookupName(%q) = %s, want none", name, c.Name)
		}
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		wire.Opcode(99).String():     "OPCODE(99)",
		wire.OpMUnlock.String():      "MUNLOCK",
		wire.CodeNotFound.String():   "NOT_FOUND",
		wire.EncodingPlain.String():  "PLAIN",
		wire.EncodingLZF.String():    "LZF",
		wire.EncodingNumber.String(): "NUMBER",
		wire.Encoding(7).String():    "ENCODING(7)",
		wire.ShapeNone.String():      "None",
		wire.ShapeKey.String():       "Key",
		wire.ShapeKeyNumber.String(): "KeyNumber",
		wire.ShapeSet.String():       "Set",
		wire.ShapeKeyValue.String():  "KeyValue",
		wire.ShapeKeyLimit.String():  "KeyLimit",
		wire.ShapeKeyField.String():  "KeyField",
		wire.Shape(77).String():      "Shape(77)",
		wire.Code(8).String():        "CODE(8)",
		wire.ErrLength.Error()[:24]:  "gibson: protocol error: ",
	} {
		if got != want {
			t.Errorf("name %q, want %q", got, want)
		}
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	mustNotAllocate(t, "Lookup", func() { _, _ = wire.Lookup(wire.OpEnd) })
	mustNotAllocate(t, "LookupName", func() { _, _ = wire.LookupName(" munlock ") })
	mustNotAllocate(t, "Opcode.Shape", func() { _, _ = wire.OpMGet.Shape() })
}

func BenchmarkLookup(b *testing.B) {
	for b.Loop() {
		if _, ok := wire.Lookup(wire.OpGet); !ok {
			b.Fatal("GET is unknown")
		}
	}
}

func BenchmarkOpcodeShape(b *testing.B) {
	for b.Loop() {
		if _, ok := wire.OpGet.Shape(); !ok {
			b.Fatal("GET is unknown")
		}
	}
}

func BenchmarkLookupName(b *testing.B) {
	for b.Loop() {
		if _, ok := wire.LookupName("keys"); !ok {
			b.Fatal("KEYS is unknown")
		}
	}
}
