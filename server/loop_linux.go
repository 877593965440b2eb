package server

import (
	"math"
	"slices"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A loop serves many sockets in one goroutine, in rounds: it reads from all
// that have something, executes what they sent, and answers. What a connection
// cannot do at once it does in a goroutine of its own.
//
// The goroutine is there while the loop has sessions.
type loop struct {
	srv   *Server
	start time.Time

	mu    sync.Mutex // protects the following, and parts of each seat
	epoll int        // −1 if there is no goroutine
	wake  int        // an eventfd that ends a wait
	table []*session // by what epoll says of an event; nil: free
	free  []int      // the free slots of table
	alarm int64      // before this time no session's wait is too long
	nap   int64      // when the current wait ends by itself; 0 between waits

	// For the loop's goroutine alone.
	busyPoll busyPoll
	events   [maxRound]unix.EpollEvent
	ready    []*session // those with something to do, which are in no round: first come, first served
	round    []*session // those that this round is for
	due      []*session // those of them that have requests to be executed
	gone     []*session // those of them that left
	turn     turn
}

// maxRound bounds the sessions of a round: the first one waits until the last
// has been read, and each of them has buffers in use.
const maxRound = 64

// slack is how long after one look for waits that are too long the next one
// comes at the earliest: a look costs time for every session of the loop.
const slack = int64(10 * time.Millisecond)

// wakeSlot stands for the eventfd where others have their slot.
const wakeSlot = -1

// never is later than all times.
const never = math.MaxInt64

func newLoop(srv *Server) *loop {
	return &loop{
		srv: srv, start: time.Now(), epoll: -1, busyPoll: busyPoll{limit: srv.cfg.busyPoll},
		round: make([]*session, 0, maxRound), turn: turn{srv: srv},
	}
}

// now is the time that the loop goes by, in nanoseconds.
func (l *loop) now() int64 { return int64(time.Since(l.start)) }

// size returns the number of sessions.
func (l *loop) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.table) - len(l.free)
}

// add makes s one of the loop's sessions if it may. fd is a descriptor of its
// socket, which from then on is the only one: s.conn, by which the runtime
// would wake up for the socket, too, is closed. That is done before the loop
// can know of the session. Otherwise it could close fd first, and epoll would
// go on to watch a socket that still has a descriptor.
func (l *loop) add(s *session, fd int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	// cut and hurry do to a net.Conn what they do. From here on they find
	// that there is none.
	if s.seat.severed || l.srv.stopping.Load() {
		return false
	}
	idle := l.epoll < 0
	if idle && !l.open() {
		return false
	}
	slot := len(l.table)
	if n := len(l.free); n > 0 {
		slot = l.free[n-1]
	}
	// Not edge-triggered: a read that does not fill its buffer need not have
	// read all there was, if the client has sent descriptors or urgent data.
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(slot)}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		if idle {
			l.close()
		}
		return false
	}
	if slot == len(l.table) {
		l.table = append(l.table, s)
	} else {
		l.table[slot], l.free = s, l.free[:len(l.free)-1]
	}
	s.seat.fd, s.seat.slot = fd, slot
	_ = s.conn.Close() // fd keeps the socket open
	s.conn, s.src = nil, nil
	l.await(s, l.expiry())
	if l.alarm < l.nap {
		one := [8]byte{1}
		_, _ = unix.Write(l.wake, one[:]) // fails only if it has been told
	}
	if idle {
		l.srv.sessions.Add(1) // s is counted, so that nobody can have seen zero
		go l.run()
	}
	return true
}

// open makes what the goroutine needs. mu must be held.
func (l *loop) open() bool {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return false
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return false
	}
	l.epoll, l.wake = epoll, wake
	l.alarm, l.nap = never, 0
	l.table, l.free = l.table[:0], l.free[:0]
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeSlot}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, wake, &e); err != nil {
		l.close()
		return false
	}
	return true
}

// close gives back what open made. mu must be held.
func (l *loop) close() {
	_ = unix.Close(l.wake)
	_ = unix.Close(l.epoll)
	l.epoll = -1
}

// expiry returns when a wait that begins now has been too long.
func (l *loop) expiry() int64 {
	if d := l.srv.idleTimeout.Load(); d > 0 {
		return l.now() + d
	}
	return never
}

// await begins the session's wait for its client, until expires. mu must be
// held.
func (l *loop) await(s *session, expires int64) {
	s.seat.busy, s.seat.expires = false, expires
	l.alarm = min(l.alarm, expires)
}

// vacate takes the session's place away and returns its descriptor, which must
// be closed and is no longer shut down by others. mu must be held.
func (l *loop) vacate(s *session) (fd int) {
	l.table[s.seat.slot] = nil
	l.free = append(l.free, s.seat.slot)
	fd, s.seat.fd = s.seat.fd, -1
	return fd
}

// run is the loop's goroutine. Shutdown and Close wait for it as for a
// session.
func (l *loop) run() {
	defer l.srv.sessions.Done()
	for open := true; open; {
		l.gather(l.wait())
		l.each(l.receive)
		l.execute()
		l.each(l.send)
		open = l.settle()
	}
}

// wait returns the number of events. It waits for one unless sessions are
// ready without.
func (l *loop) wait() int {
	if n := l.poll(); n > 0 || len(l.ready) > 0 {
		return n
	}
	if n := l.pollBusily(); n > 0 {
		return n
	}
	l.mu.Lock()
	l.nap = l.alarm
	nap := l.nap
	l.mu.Unlock()
	ms := -1
	if nap != never {
		d := time.Duration(max(0, nap-l.now()))
		ms = int(min((d+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
	}
	n, err := unix.EpollWait(l.epoll, l.events[:], ms)
	if err != nil {
		return 0 // a signal, which is nothing to the loop
	}
	return n
}

// poll returns the number of events that there are. It does not wait: the
// runtime's scheduler need not hear of it.
func (l *loop) poll() int {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&l.events[0])), uintptr(len(l.events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// pollBusily polls until there are events, or l.busyPoll has it that it need not
// go on, and returns their number. One loop of a server does so at a time, the
// first that comes: it takes no more than one processor. Waits that are too
// long are noticed later by the limit of a poll, unless others take the
// processor meanwhile.
func (l *loop) pollBusily() int {
	if l.busyPoll.limit == 0 {
		return 0
	}
	start := l.now()
	polling := &l.srv.loops.polling
	if !l.busyPoll.due(start) || polling.Load() || !polling.CompareAndSwap(false, true) {
		return 0
	}
	defer polling.Store(false)
	for {
		// Another process that wants this processor, the client for one, goes
		// first. Not so this process's goroutines: they have other threads.
		_, _, _ = syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		n := l.poll()
		if now := l.now(); n > 0 || now-start >= l.busyPoll.limit {
			l.busyPoll.account(start, now)
			l.srv.counters.busyPoll.Add(now - start)
			return n
		}
	}
}

// gather makes ready the sessions that n events are for and those whose wait
// has been too long, and begins a round with the first that are.
func (l *loop) gather(n int) {
	l.collect(n)
	n = min(len(l.ready), maxRound)
	l.round = append(l.round[:0], l.ready[:n]...)
	l.ready = slices.Delete(l.ready, 0, n)
}

func (l *loop) collect(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nap = 0
	for i := range l.events[:n] {
		e := &l.events[i]
		if e.Fd == wakeSlot {
			var b [8]byte
			_, _ = unix.Read(l.wake, b[:])
			continue
		}
		s := l.table[e.Fd]
		if s == nil {
			continue // it has left
		}
		if !s.seat.busy {
			s.seat.busy = true
			l.ready = append(l.ready, s)
		}
	}
	if l.alarm != never {
		l.expire(l.now())
	}
}

// expire makes ready the sessions whose wait has been too long. mu must be
// held.
func (l *loop) expire(now int64) {
	if now < l.alarm {
		return
	}
	l.alarm = never
	for _, s := range l.table {
		switch {
		case s == nil || s.seat.busy:
		case s.seat.expires > now:
			l.alarm = min(l.alarm, s.seat.expires)
		default:
			s.seat.busy, s.seat.late = true, true
			l.ready = append(l.ready, s)
		}
	}
	l.alarm = max(l.alarm, now+slack)
}
