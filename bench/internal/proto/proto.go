// Package proto speaks as much of each server's protocol as a load generator
// needs: it renders GET and SET, and it tells a reply's kind and length
// without copying anything. It is written apart from the project's own codec,
// so that a mistake there cannot hide itself here.
package proto

import "fmt"

// Kind is what a reply says.
type Kind uint8

// The kinds of reply.
const (
	Value   Kind = iota + 1 // one value, its size in Reply.Size
	Done                    // stored, no data
	Missing                 // no such key
	Number                  // an integer
	Many                    // several elements, their count in Reply.Size
	Refused                 // the server said no
)

// String returns the kind's name for error messages.
func (k Kind) String() string {
	switch k {
	case Value:
		return "value"
	case Done:
		return "done"
	case Missing:
		return "missing"
	case Number:
		return "number"
	case Many:
		return "many"
	case Refused:
		return "refused"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Reply describes the first reply in a buffer.
type Reply struct {
	Kind Kind
	Size int // bytes of the value, elements of Many, the integer of Number
	Data int // where the value's bytes begin in the buffer
}

// Protocol renders requests and recognises replies. Implementations hold no
// state and serve any number of connections.
type Protocol interface {
	// Name names the protocol in reports.
	Name() string
	// AppendGet appends a request for the value of key.
	AppendGet(dst, key []byte) []byte
	// AppendSet appends a request that stores value under key for ttl
	// seconds, 0 for ever.
	AppendSet(dst, key, value []byte, ttl int) []byte
	// Next describes the first reply in b and returns its length in bytes, 0
	// if b holds less than one reply. An error says that b is not this
	// protocol.
	Next(b []byte) (r Reply, n int, err error)
}

// clip shortens a reply for an error message.
func clip(b []byte) []byte { return b[:min(len(b), 40)] }
