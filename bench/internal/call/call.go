// Package call sends one request at a time and waits for its reply: for
// commands whose own time is the figure.
package call

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/gogibson/gibson/bench/internal/proto"
)

// patience bounds every exchange.
const patience = 2 * time.Minute

// Conn is a connection to a server. It is used by one goroutine.
type Conn struct {
	conn     net.Conn
	protocol proto.Protocol
	in       []byte
}

// Dial connects to a unix socket.
func Dial(address string, protocol proto.Protocol) (*Conn, error) {
	c, err := net.DialTimeout("unix", address, 10*time.Second)
	if err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	return &Conn{conn: c, protocol: protocol, in: make([]byte, 0, 1<<20)}, nil
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// Answer is a reply with the bytes that carried it and the time it took.
type Answer struct {
	proto.Reply
	Bytes []byte // valid until the next Do
	Took  time.Duration
}

// Do sends one request and waits for its whole reply.
func (c *Conn) Do(request []byte) (Answer, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return Answer{}, fmt.Errorf("call: %w", err)
	}
	start := time.Now()
	if _, err := c.conn.Write(request); err != nil {
		return Answer{}, fmt.Errorf("call: %w", err)
	}
	c.in = c.in[:0]
	for {
		if len(c.in) == cap(c.in) {
			c.in = append(make([]byte, 0, 2*cap(c.in)), c.in...)
		}
		n, err := c.conn.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+n]
		r, used, parseErr := c.protocol.Next(c.in)
		switch {
		case parseErr != nil:
			return Answer{}, parseErr
		case used == len(c.in) && used > 0:
			return Answer{Reply: r, Bytes: c.in, Took: time.Since(start)}, nil
		case used > 0:
			return Answer{}, fmt.Errorf("call: %d bytes behind the reply", len(c.in)-used)
		case err != nil:
			return Answer{}, fmt.Errorf("call: %w", err)
		}
	}
}

// Stats returns the numbers among a Gibson server's figures.
func (c *Conn) Stats() (map[string]int64, error) {
	a, err := c.Do(proto.Gibson{}.Append(nil, proto.OpStats, ""))
	if err != nil {
		return nil, err
	}
	if a.Kind != proto.Many {
		return nil, fmt.Errorf("call: STATS answered %s", a.Kind)
	}
	stats := map[string]int64{}
	for b := a.Bytes[a.Data+4:]; len(b) > 0; {
		key, rest, err := lengthed(b)
		if err != nil || len(rest) == 0 {
			return nil, fmt.Errorf("call: STATS: pair without a value: %w", err)
		}
		number := rest[0] == 2
		var value []byte
		if value, b, err = lengthed(rest[1:]); err != nil {
			return nil, err
		}
		if number && len(value) == 8 {
			stats[string(key)] = int64(binary.LittleEndian.Uint64(value))
		}
	}
	return stats, nil
}

// lengthed takes a u32 length and so many bytes off b.
func lengthed(b []byte) (head, rest []byte, err error) {
	if len(b) < 4 || uint64(len(b)-4) < uint64(binary.LittleEndian.Uint32(b)) {
		return nil, nil, fmt.Errorf("call: STATS: cut short")
	}
	n := 4 + int(binary.LittleEndian.Uint32(b))
	return b[4:n], b[n:], nil
}
