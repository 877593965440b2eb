package server

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
)

// defaultLoops is the number of loops that zero stands for.
func defaultLoops() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// loops are a server's event loops.
type loops struct {
	mu      sync.Mutex
	all     []*loop     // made on first use
	polling atomic.Bool // one of them polls busily
}

// assign gives a new session a loop to join: the one with the fewest sessions.
// What is neither of these two may have a descriptor too, but what passes
// through it need not be the client's bytes: TLS.
func (ls *loops) assign(s *session) {
	switch s.conn.(type) {
	case *net.UnixConn, *net.TCPConn:
	default:
		return
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for len(ls.all) < s.srv.cfg.loops {
		ls.all = append(ls.all, newLoop(s.srv))
	}
	least := 0
	for _, l := range ls.all {
		if n := l.size(); s.seat.loop == nil || n < least {
			s.seat.loop, least = l, n
		}
	}
}
