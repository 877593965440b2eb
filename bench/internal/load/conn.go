package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/gogibson/gibson/bench/internal/proto"
)

// conn is one connection. The generator's only thread owns it.
type conn struct {
	fd    int
	slots []slot // of the batch in flight
	next  int    // slot that the next reply answers; len(slots) when idle
	out   []byte // the batch in flight
	rest  []byte // what of out is still to be written
	in    []byte // read but not yet answered: in[:fill]
	fill  int

	sent time.Duration // when the batch was written or, with a rate, due
	owed int           // batches that became due while this one was in flight
}

// dial opens a non-blocking connection outside the runtime's poller.
func dial(cfg *Config) (*conn, error) {
	nc, err := net.DialTimeout(cfg.Network, cfg.Address, 10*time.Second)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	defer func() { _ = nc.Close() }() // the duplicate below stays open
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("load: no file descriptor under a %T", nc)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	c := &conn{
		slots: make([]slot, cfg.Depth),
		next:  cfg.Depth,
		in:    make([]byte, max(16<<10, cfg.Depth*(cfg.ValueSize+128))),
	}
	if ctlErr := raw.Control(func(fd uintptr) { c.fd, err = duplicate(int(fd)) }); ctlErr != nil {
		return nil, fmt.Errorf("load: %w", ctlErr)
	}
	if err != nil {
		return nil, fmt.Errorf("load: duplicate a socket: %w", err)
	}
	return c, nil
}

// idle reports whether no reply is awaited.
func (c *conn) idle() bool { return c.next == len(c.slots) }

// prepare renders the next batch.
func (c *conn) prepare(s *script) {
	c.out = c.out[:0]
	for i := range c.slots {
		c.out, c.slots[i] = s.append(c.out)
	}
	c.rest, c.next = c.out, 0
}

var errMissing = errors.New("load: GET found nothing: the items were not loaded or are gone")

// receive takes the replies out of in[:fill] and counts them.
func (c *conn) receive(cfg *Config, res *Result) error {
	at := 0
	for c.next < len(c.slots) {
		b := c.in[at:c.fill]
		r, n, err := cfg.Protocol.Next(b)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		s := &c.slots[c.next]
		right := r.Kind == proto.Value && r.Size == cfg.ValueSize && binary.LittleEndian.Uint64(b[r.Data:]) == s.digits
		switch {
		case s.set && (right || r.Kind == proto.Done):
			res.Stored++
		case !s.set && right:
			res.Hits++
		case !s.set && r.Kind == proto.Missing && cfg.Missing:
			res.Missing++
		case !s.set && r.Kind == proto.Missing:
			return errMissing
		default:
			return fmt.Errorf("load: wrong reply to a request (set: %t): %s, size %d: %.60q", s.set, r.Kind, r.Size, b[:n])
		}
		at += n
		c.next++
	}
	if at == c.fill {
		c.fill = 0
	} else if at > 0 {
		c.fill = copy(c.in, c.in[at:c.fill])
	}
	if c.idle() && c.fill > 0 {
		return fmt.Errorf("load: %d bytes behind the last reply: %.60q", c.fill, c.in[:c.fill])
	}
	return nil
}
