package server

import (
	"net"
	"time"

	"github.com/gogibson/gibson/wire"
)

// Batch is what was executed for one client after one read: the requests that
// it had sent by then.
type Batch struct {
	// Op and Key are those of the first request, or of the first for a family
	// of keys if there is one: such a request takes the longest. Key is the
	// prefix then. It is valid during the call of OnBatch.
	Op  wire.Opcode
	Key []byte
	// Requests is how many there were.
	Requests int
	// Start is when they had been read, Took the time until the last reply
	// was with the system, waiting for the cache and the client included.
	Start time.Time
	Took  time.Duration
	// Addr is the client's address.
	Addr net.Addr

	prefix bool // Op is for a family
}

// note adds the requests of calls to b.
func (b *Batch) note(calls []call) {
	for i := range calls {
		if b.prefix {
			break
		}
		known, _ := wire.Lookup(calls[i].op)
		if known.Prefix || b.Requests == 0 && i == 0 {
			b.Op, b.Key, b.prefix = calls[i].op, calls[i].args.Key, known.Prefix
		}
	}
	b.Requests += len(calls)
}

// watch begins the Batch for OnBatch, if that is wanted: there are bytes.
func (s *session) watch() {
	if s.srv.OnBatch != nil {
		s.work.batch = Batch{Start: time.Now(), Addr: s.addr}
	}
}

// tell ends the Batch: OnBatch is told unless there was no request.
func (s *session) tell() {
	tell := s.srv.OnBatch
	if tell == nil || s.work == nil {
		return
	}
	b := &s.work.batch
	if b.Requests > 0 {
		b.Took = time.Since(b.Start)
		tell(b)
	}
	*b = Batch{}
}
