package server

import "github.com/gogibson/gibson/wire"

// workspace is what a session needs while it has requests to execute and not
// while it waits for them: its buffers and the batch.
type workspace struct {
	in       input
	out      *block // replies to be written, in order, whole
	calls    []call // one batch; its arguments alias in
	most     int    // the longest that calls has been since clearCalls
	dispatch *dispatcher
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
	}
}

// acquire makes sure that the session has a workspace.
func (s *session) acquire() {
	if s.work == nil {
		s.work = s.srv.work.Get().(*workspace)
	}
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
}

// clearCalls forgets the batch and the ones before it, for their arguments may
// alias big buffers that were given back.
func (w *workspace) clearCalls() {
	clear(w.calls[:w.most])
	w.calls, w.most = w.calls[:0], 0
}
