package server

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// each does the same with every session of the round. A panic ends the session
// that it comes from and no other.
func (l *loop) each(do func(*session)) {
	for next := 0; next < len(l.round); {
		next = l.some(next, do)
	}
}

func (l *loop) some(first int, do func(*session)) (next int) {
	defer func() {
		if p := recover(); p != nil {
			l.panicked(l.round[next], p)
			next++
		}
	}()
	for next = first; next < len(l.round); next++ {
		do(l.round[next])
	}
	return next
}

// panicked ends a session after a panic. Its workspace is left to the garbage
// collector, for its state is not known.
func (l *loop) panicked(s *session, p any) {
	s.panicked(p)
	s.seat.fate = closes
	s.work = nil
}

// receive reads and parses what the client has sent, a buffer at the most.
func (l *loop) receive(s *session) {
	t := &s.seat
	goes := t.fate == goesOn
	t.fate = waits
	if w := s.work; goes && !w.executed() {
		l.due = append(l.due, s)
		return
	} else if goes && w.why == batchFull {
		l.parse(s)
		return
	}
	switch {
	case t.late:
		t.fate = closes
		return
	case l.srv.stopping.Load():
		t.fate = closes
		if s.sent {
			t.fate, t.how = movesOut, endLinger // this client may well be sending more
		}
		return
	}
	s.acquire()
	room := s.work.in.room()
	n, errno := recv(t.fd, room)
	switch {
	case errno == unix.EAGAIN:
	case errno != 0:
		t.fate, t.err = closes, os.NewSyscallError("read", errno)
	case n == 0:
		t.fate = closes
	default:
		s.work.in.added(n)
		s.sent = false
		s.watch()
		l.parse(s)
	}
}

// parse makes the session's next batch.
func (l *loop) parse(s *session) {
	s.parse()
	if !s.work.executed() {
		l.due = append(l.due, s)
	}
}

// execute executes what is due, several sessions' requests in one turn.
func (l *loop) execute() {
	for rest := l.due; len(rest) > 0; {
		rest = rest[l.take(rest):]
	}
	clear(l.due)
	l.due = l.due[:0]
}

// take takes one turn and returns how many of the sessions are done.
func (l *loop) take(all []*session) (done int) {
	defer func() {
		if p := recover(); p != nil {
			for all[done] != l.turn.at {
				done++
			}
			l.panicked(all[done], p)
			done++
		}
	}()
	n, err := l.turn.take(all)
	l.turn.at = nil // it may end, and be forgotten, before the next turn
	if err == nil {
		return n
	}
	for _, s := range all { // the cache is closed
		s.seat.fate, s.seat.err = closes, err
	}
	return len(all)
}

// send writes the session's output and finds out its fate.
func (l *loop) send(s *session) {
	t, w := &s.seat, s.work
	if t.fate != waits || w == nil {
		return
	}
	if w.executed() {
		w.conclude()
	}
	if b := w.out.b; len(b) > 0 {
		s.sent = true
		n, errno := send(t.fd, b)
		switch {
		case errno == 0 && n == len(b):
			w.trim()
		case errno == 0 || errno == unix.EAGAIN:
			w.out.b = append(b[:0], b[n:]...)
			t.fate, t.how = movesOut, goOn
			return
		default:
			t.fate, t.err = closes, os.NewSyscallError("write", errno)
			return
		}
	}
	if !w.executed() || w.why == batchFull {
		t.fate = goesOn
		return
	}
	s.tell()
	switch t.how = s.verdict(); {
	case t.how == endLinger:
		t.fate = movesOut
	case t.how == endClose:
		t.fate = closes
	case cap(w.in.blk.b) > bulky:
		t.fate = movesOut
	default:
		s.park()
	}
}

// bulky is the size of an input buffer from which on a session leaves the
// loop: requests so big are better read without holding others up.
const bulky = 4 * blockSize

// settle does with the sessions of the round as their fate is, and reports
// whether any are left in the loop.
func (l *loop) settle() bool {
	expires := l.expiry()
	l.mu.Lock()
	for _, s := range l.round {
		switch s.seat.fate {
		case waits:
			if l.srv.stopping.Load() { // hurry came before the wait
				l.ready = append(l.ready, s)
				continue
			}
			s.sent = false
			l.await(s, expires)
		case goesOn:
			l.ready = append(l.ready, s)
		default:
			l.gone = append(l.gone, s)
		}
	}
	l.mu.Unlock()
	clear(l.round)
	if len(l.gone) == 0 {
		return true
	}
	for _, s := range l.gone {
		if s.seat.fate == movesOut {
			l.moveOut(s)
		} else {
			l.end(s)
		}
	}
	clear(l.gone)
	l.gone = l.gone[:0]
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.free) < len(l.table) {
		return true
	}
	l.close()
	return false
}

// end closes the session's connection.
func (l *loop) end(s *session) {
	l.mu.Lock()
	fd := l.vacate(s)
	l.mu.Unlock()
	l.forget(s, os.NewSyscallError("close", unix.Close(fd)))
}

// forget ends a session whose connection is closed, with that result.
func (l *loop) forget(s *session, err error) {
	s.release()
	if s.seat.err != nil {
		err = s.seat.err // came first
	}
	if err != nil {
		l.srv.cfg.log.Debug("connection failed", "client", s.client(), "err", err)
	}
	l.srv.leave(s)
}

// moveOut lets the session go on in a goroutine of its own: it has output that
// its client does not read, or input that takes long, or it lingers.
func (l *loop) moveOut(s *session) {
	// The socket lives on, so it would go on to be watched.
	_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, s.seat.fd, nil)
	l.mu.Lock()
	conn := newSocket(l.vacate(s), s.addr)
	s.conn = conn
	severed := s.seat.severed
	l.mu.Unlock()
	if severed {
		_ = conn.Close()
	}
	s.src = newSocketSource(s, conn)
	serve := s.resume
	if s.seat.how == endLinger {
		serve = func() (end, error) { return endLinger, nil }
	}
	go s.runFrom(serve)
}

// recv is recvfrom(2). It does not wait: the runtime's scheduler need not hear
// of it.
func recv(fd int, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// send is sendto(2) likewise.
func send(fd int, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}
