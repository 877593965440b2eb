package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// patience is how long the generator waits for any reply at all.
const patience = 60 * time.Second

// loop is the state of one run.
type loop struct {
	cfg    *Config
	script *script
	res    Result
	epoll  int
	conns  []*conn
	base   time.Time // times are kept as distances from here
	end    time.Duration
	unsent int64 // requests that may still be sent
	active int   // connections with a batch in flight
	pace   *pace // nil without a rate
}

func run(ctx context.Context, cfg *Config) (_ Result, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l := &loop{cfg: cfg, script: newScript(cfg), unsent: cfg.Requests, end: cfg.Duration}
	if cfg.Requests <= 0 {
		l.unsent = 1 << 62
	}
	if cfg.Duration <= 0 {
		l.end = 1 << 62
	}
	for range max(cfg.Phases, 1) {
		l.res.Latency = append(l.res.Latency, newHistogram())
	}
	if cfg.Depth == 1 && cfg.Writes > 0 && cfg.Writes < 1 {
		l.res.SetLatency = newHistogram()
	}
	l.res.Stalls = make([]Stall, 0, maxSpans)
	l.res.Gaps = make([]Span, 0, maxSpans)
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return Result{}, fmt.Errorf("load: epoll: %w", err)
	}
	defer func() { err = errors.Join(err, l.close()) }()
	for i := range cfg.Conns {
		c, err := dial(cfg)
		if err != nil {
			return Result{}, err
		}
		l.conns = append(l.conns, c)
		if err := l.watch(unix.EPOLL_CTL_ADD, i, unix.EPOLLIN); err != nil {
			return Result{}, err
		}
	}
	l.base = time.Now()
	l.res.Start = l.base
	if cfg.Rate > 0 {
		l.pace = newPace(cfg)
	} else {
		for i := range l.conns {
			if err := l.send(i, l.now()); err != nil {
				return Result{}, err
			}
		}
	}
	if err := l.serve(ctx); err != nil {
		return Result{}, err
	}
	l.res.Elapsed = l.now()
	return l.res, nil
}

func (l *loop) now() time.Duration { return time.Since(l.base) }

// serve runs until nothing more may be sent and every reply has come.
func (l *loop) serve(ctx context.Context) error {
	events := make([]unix.EpollEvent, 256)
	progress := l.now()
	for l.active > 0 || l.pace != nil {
		wait := 1000
		if l.pace != nil {
			over, err := l.due()
			if err != nil {
				return err
			}
			if over && l.active == 0 {
				return nil
			}
			wait = 0
		}
		n, err := l.wait(events, wait)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if l.now()-progress > patience {
				return fmt.Errorf("load: no reply for %v on %d connections", patience, l.active)
			}
			continue
		}
		for _, e := range events[:n] {
			if err := l.handle(int(e.Fd), e.Events); err != nil {
				return err
			}
		}
		if now := l.now(); now-progress > time.Second/4 {
			progress = now
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// wait is epoll_wait. Without a time to wait it cannot block, and then the
// runtime's scheduler need not hear of it.
func (l *loop) wait(events []unix.EpollEvent, ms int) (int, error) {
	if ms > 0 {
		n, err := unix.EpollWait(l.epoll, events, ms)
		if err == unix.EINTR {
			return 0, nil
		}
		return n, err
	}
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, fmt.Errorf("load: epoll_wait: %w", errno)
	}
	return int(n), nil
}

// handle reads and writes what a connection is ready for, and sends its next
// batch when the last reply of this one has come.
func (l *loop) handle(i int, events uint32) error {
	c := l.conns[i]
	if events&unix.EPOLLOUT != 0 {
		if err := l.write(i); err != nil {
			return err
		}
		if len(c.rest) == 0 {
			if err := l.watch(unix.EPOLL_CTL_MOD, i, unix.EPOLLIN); err != nil {
				return err
			}
		}
	}
	if events&^unix.EPOLLOUT == 0 {
		return nil
	}
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(&c.in[c.fill])), uintptr(len(c.in)-c.fill))
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return nil
	case errno != 0:
		return fmt.Errorf("load: read: %w", errno)
	case n == 0:
		return fmt.Errorf("load: the server closed a connection: %w", io.ErrUnexpectedEOF)
	}
	c.fill += int(n)
	if err := c.receive(l.cfg, &l.res); err != nil {
		return err
	}
	if !c.idle() {
		if c.fill == len(c.in) {
			return fmt.Errorf("load: reply of more than %d bytes", len(c.in))
		}
		return nil
	}
	now := l.now()
	l.finish(c, now)
	if l.pace != nil {
		if c.owed == 0 {
			return nil
		}
		c.owed--
		return l.send(i, c.sent+l.pace.period)
	}
	return l.send(i, now)
}

// finish counts a batch whose last reply has come.
func (l *loop) finish(c *conn, now time.Duration) {
	l.active--
	depth := int64(l.cfg.Depth)
	l.res.Requests += depth
	took := now - c.sent
	if phase := l.phase(); phase < len(l.res.Latency) {
		h := l.res.Latency[phase]
		if l.res.SetLatency != nil && c.slots[0].set {
			h = l.res.SetLatency
		}
		_ = h.RecordValues(min(int64(took), int64(time.Minute)), depth)
	}
	if l.cfg.Stall > 0 && took >= l.cfg.Stall {
		l.res.stalled(Span{From: l.base.Add(c.sent), To: l.base.Add(now)}, depth)
	}
}

// phase returns the phase that the run is in.
func (l *loop) phase() int {
	if l.cfg.Phase == nil {
		return 0
	}
	return int(l.cfg.Phase.Load())
}

// over reports whether a batch that counts from the given time may no longer
// be sent.
func (l *loop) over(at time.Duration) bool {
	return at >= l.end || l.unsent <= 0 || l.phase() >= len(l.res.Latency)
}

// send begins a batch that counts from the given time, unless the run is over.
func (l *loop) send(i int, at time.Duration) error {
	if l.over(at) {
		return nil
	}
	c := l.conns[i]
	l.unsent -= int64(len(c.slots))
	l.active++
	c.sent = at
	c.prepare(l.script)
	if err := l.write(i); err != nil {
		return err
	}
	if len(c.rest) > 0 {
		return l.watch(unix.EPOLL_CTL_MOD, i, unix.EPOLLIN|unix.EPOLLOUT)
	}
	return nil
}

// write writes as much of the batch as the socket takes.
func (l *loop) write(i int) error {
	c := l.conns[i]
	for len(c.rest) > 0 {
		n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(c.fd), uintptr(unsafe.Pointer(&c.rest[0])), uintptr(len(c.rest)))
		switch errno {
		case 0:
			c.rest = c.rest[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			return nil
		default:
			return fmt.Errorf("load: write: %w", errno)
		}
	}
	return nil
}

func (l *loop) watch(op, i int, events uint32) error {
	e := unix.EpollEvent{Events: events, Fd: int32(i)}
	if err := unix.EpollCtl(l.epoll, op, l.conns[i].fd, &e); err != nil {
		return fmt.Errorf("load: epoll_ctl: %w", err)
	}
	return nil
}

func (l *loop) close() error {
	var errs []error
	for _, c := range l.conns {
		errs = append(errs, unix.Close(c.fd))
	}
	return errors.Join(append(errs, unix.Close(l.epoll))...)
}

// duplicate returns a second, non-blocking descriptor of a socket.
func duplicate(fd int) (int, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return n, unix.SetNonblock(n, true)
}
