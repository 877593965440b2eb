package wire

import "fmt"

// Shape says how a command's payload divides into arguments
// (docs/protocol.md, "Arguments").
type Shape uint8

// The argument shapes. "Rest" is everything to the payload's end, spaces
// included; a key ends at the first space.
const (
	ShapeNone      Shape = iota // nothing; a payload is ignored (PING, STATS, END)
	ShapeKey                    // key; what follows its space is ignored (GET, COUNT, MDEL and others)
	ShapeKeyNumber              // key, rest is a number (TTL, LOCK, MTTL, MLOCK)
	ShapeSet                    // number, key, rest is the value (SET)
	ShapeKeyValue               // key, rest is the value (MSET)
	ShapeKeyLimit               // key, rest if any is a number (MGET)
	ShapeKeyField               // key, field; what follows is ignored (META)
)

// String returns the constant's name without its prefix.
func (s Shape) String() string {
	switch s {
	case ShapeNone:
		return "None"
	case ShapeKey:
		return "Key"
	case ShapeKeyNumber:
		return "KeyNumber"
	case ShapeSet:
		return "Set"
	case ShapeKeyValue:
		return "KeyValue"
	case ShapeKeyLimit:
		return "KeyLimit"
	case ShapeKeyField:
		return "KeyField"
	}
	return fmt.Sprintf("Shape(%d)", uint8(s))
}
