package wire

import (
	"slices"
	"strings"
)

// Command describes one command of the protocol. The table of them is the one
// place where a command is declared: dispatch, client, command line help and
// docs/protocol.md are made from it.
type Command struct {
	Name    string // in upper case, as the protocol spells it
	Op      Opcode
	Shape   Shape
	Prefix  bool   // acts on every key that begins with its argument
	Write   bool   // may change items, their life or their locks
	Reply   Code   // the code of success
	Fails   []Code // the other codes that may answer it; not to be modified
	Args    string // names of the arguments, optional ones in brackets
	Summary string // one line without a full stop
	Example string // a payload that the command accepts
}

// Commands returns the table in the order of the opcodes. The copy is the
// caller's own.
func Commands() []Command {
	cs := slices.Clone(table[:])
	for i := range cs {
		cs[i].Fails = slices.Clone(cs[i].Fails)
	}
	return cs
}

// Lookup returns the command with that opcode. It does not allocate: the
// result's Fails is shared and must not be modified.
func Lookup(op Opcode) (Command, bool) {
	if int(op) >= len(index) || index[op] == 0 {
		return Command{}, false
	}
	return table[index[op]-1], true
}

// LookupName returns the command with that name, in any case and with blanks
// around it. It does not allocate: the result's Fails is shared and must not
// be modified.
func LookupName(name string) (Command, bool) {
	name = strings.TrimSpace(name)
	for i := range table {
		if equalUpper(name, table[i].Name) {
			return table[i], true
		}
	}
	return Command{}, false
}

// equalUpper reports whether s, its ASCII letters raised, is upper. Unlike
// strings.EqualFold it does not take the Kelvin sign for a K.
func equalUpper(s, upper string) bool {
	if len(s) != len(upper) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}

// index holds, by opcode, one more than the command's place in table.
var index = func() (ix [256]uint8) {
	for i, c := range table {
		ix[c.Op] = uint8(i + 1)
	}
	return ix
}()

// shapeKnown marks the entries of shapes that belong to a command.
const shapeKnown = 0x80

// shapes holds, by opcode, the command's shape and the shapeKnown bit.
var shapes = func() (sh [256]uint8) {
	for _, c := range table {
		sh[c.Op] = uint8(c.Shape) | shapeKnown
	}
	return sh
}()
