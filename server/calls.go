package server

import "github.com/gogibson/gibson/wire"

// Places of a command's counts: its opcode, as far as opcodes are below
// extraOps, or one of the two that follow.
const (
	extraOps = 64
	endPlace = extraOps
	noPlace  = extraOps + 1 // opcodes that no command has
)

// codeCount is how many reply codes there are.
const codeCount = int(wire.CodeKVal) + 1

// callCounts are the requests executed, by command and reply code. They are
// read and changed under the cache's lock only: that is there in any case, so
// counting costs an addition.
type callCounts [extraOps + 2][codeCount]int64

// add counts a request whose reply begins with b.
func (c *callCounts) add(op wire.Opcode, b []byte) {
	p := noPlace
	switch {
	case op < extraOps:
		p = int(op)
	case op == wire.OpEnd:
		p = endPlace
	}
	if code := int(b[0]); code < codeCount { // the codes fit the first of the two bytes
		c[p][code]++
	}
}

// Calls is how many requests for a command had an outcome.
type Calls struct {
	Op    wire.Opcode
	Known bool      // false: the sum of the opcodes that no command has, and Op is 0
	Code  wire.Code // of the reply
	Count int64     // above 0
}

// Calls returns the requests executed so far, by command and reply code, as
// they are at one moment between two batches. It fails when the cache is
// closed.
func (s *Server) Calls() ([]Calls, error) {
	if err := s.setUpOnce(); err != nil {
		return nil, err
	}
	e, err := s.begin()
	if err != nil {
		return nil, err
	}
	counts := s.calls
	e.End()
	var all []Calls
	var unknown [codeCount]int64
	for p, codes := range counts {
		op := wire.Opcode(p)
		if p == endPlace {
			op = wire.OpEnd
		}
		_, known := wire.Lookup(op)
		for code, n := range codes {
			switch {
			case n == 0:
			case known:
				all = append(all, Calls{op, true, wire.Code(code), n})
			default:
				unknown[code] += n
			}
		}
	}
	for code, n := range unknown {
		if n > 0 {
			all = append(all, Calls{0, false, wire.Code(code), n})
		}
	}
	return all, nil
}
