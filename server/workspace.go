package server

import "github.com/gogibson/gibson/wire"

// workspace is what a session needs while it has requests to execute and not
// while it waits for them: its buffers and the batch.
type workspace struct {
	in       input
	out      *block // replies to be written, in order, whole
	calls    []call // one batch; its arguments alias in
	next     int    // the first of calls that is not executed yet
	why      stop   // why calls ends where it does
	owes     bool   // what follows calls is still to be answered with ERR
	most     int    // the longest that calls has been since clearCalls
	dispatch *dispatcher
	turn     turn
	batch    Batch // for OnBatch, if that is wanted
}

func newWorkspace(s *Server) *workspace {
	return &workspace{
		in: input{
			pool: &s.blocks,
			max:  wire.HeaderSize + s.cfg.maxRequestSize,
			blk:  s.blocks.get(blockSize),
		},
		out:      s.blocks.get(blockSize),
		calls:    make([]call, 0, min(s.cfg.maxBatchRequests, DefaultMaxBatchRequests)),
		dispatch: newDispatcher(s),
		turn:     turn{srv: s},
	}
}

// acquire makes sure that the session has a workspace.
func (s *session) acquire() {
	if s.work != nil {
		return
	}
	s.work = s.srv.work.Get().(*workspace)
	if s.part != nil {
		s.work.in.added(copy(s.work.in.room(), s.part))
		s.part = nil
	}
}

// maxPart bounds the beginning of a request that is kept without a workspace.
const maxPart = blockSize / 2

// park gives the workspace back, if there is one, before a wait for the
// client. The beginning of a request is kept, in memory of its size: clients
// that take their time for their requests cost little more than what they have
// sent. A big one stays where it is, for there it is at home.
func (s *session) park() {
	if s.work == nil {
		return
	}
	if b := s.work.in.pending(); len(b) > maxPart {
		return
	} else if len(b) > 0 {
		s.part = append([]byte(nil), b...)
	}
	s.release()
}

// release gives the workspace back. What is in it is lost.
func (s *session) release() {
	if w := s.work; w != nil {
		s.work = nil
		w.in.clear()
		w.trim()
		w.clearCalls()
		s.srv.work.Put(w)
	}
}

// trim empties the output buffer, and replaces one that a big reply has grown.
func (w *workspace) trim() {
	w.out.b = w.out.b[:0]
	if cap(w.out.b) > keepSize {
		pool := w.in.pool
		pool.put(w.out)
		w.out = pool.get(blockSize)
	}
	w.dispatch.letGo()
}

// clearCalls forgets the batch and the ones before it, for their arguments may
// alias big buffers that were given back.
func (w *workspace) clearCalls() {
	clear(w.calls[:w.most])
	w.calls, w.next, w.most = w.calls[:0], 0, 0
	w.why, w.owes = needMore, false
}
