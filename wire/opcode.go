package wire

import "fmt"

// Opcode names a command on the wire: the two bytes after a request's length
// field (docs/protocol.md, "Requests").
type Opcode uint16

// The opcodes of the protocol. 32 to 63 are reserved for this project's
// extensions; every other number is unknown.
const (
	OpSet     Opcode = 1
	OpTTL     Opcode = 2
	OpGet     Opcode = 3
	OpDel     Opcode = 4
	OpInc     Opcode = 5
	OpDec     Opcode = 6
	OpLock    Opcode = 7
	OpUnlock  Opcode = 8
	OpMSet    Opcode = 9
	OpMTTL    Opcode = 10
	OpMGet    Opcode = 11
	OpMDel    Opcode = 12
	OpMInc    Opcode = 13
	OpMDec    Opcode = 14
	OpMLock   Opcode = 15
	OpMUnlock Opcode = 16
	OpCount   Opcode = 17
	OpStats   Opcode = 18
	OpPing    Opcode = 19
	OpMeta    Opcode = 20
	OpKeys    Opcode = 21
	OpEnd     Opcode = 255
)

// String returns the command's name, such as MGET, or OPCODE(99) for a number
// that no command has.
func (o Opcode) String() string {
	if c, ok := Lookup(o); ok {
		return c.Name
	}
	return fmt.Sprintf("OPCODE(%d)", uint16(o))
}

// Shape returns the argument shape of the command and true, or ShapeNone and
// false for an unknown opcode. It is Lookup for the path of every request,
// which needs nothing else.
func (o Opcode) Shape() (Shape, bool) {
	if int(o) >= len(shapes) {
		return ShapeNone, false
	}
	s := shapes[o]
	return Shape(s &^ shapeKnown), s&shapeKnown != 0
}
