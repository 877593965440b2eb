package server

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// The pauses after failed accepts.
const (
	minDelay = 5 * time.Millisecond
	maxDelay = time.Second
)

// nextDelay returns the pause that follows a pause of d, where 0 stands for
// none.
func nextDelay(d time.Duration) time.Duration {
	return max(minDelay, min(2*d, maxDelay))
}

// pause waits for d and returns true, or returns false once stop is closed.
func pause(d time.Duration, stop <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-stop:
		return false
	}
}

// mayRecover reports whether accepting may succeed later although it failed
// with err. That is so of what the operating system answers (no descriptors,
// no memory, a connection aborted in the queue), unless it says that the
// listener itself is of no use. Other errors are believed if they call
// themselves temporary.
func mayRecover(err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return false
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		switch errno {
		case syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK, syscall.EOPNOTSUPP:
			return false
		}
		return true
	}
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}
