package integration

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hangGuard ends a test that would wait for ever. It is never what a test
// measures.
const hangGuard = 60 * time.Second

// maxReply bounds what a test reads in one reply, well above every limit the
// scripts set.
const maxReply = 128 << 20

// wireClient is one connection that speaks raw bytes. Writes go through a
// goroutine, so that a script may send more than the kernel holds before it
// reads.
type wireClient struct {
	dial  func() (net.Conn, error)
	conn  net.Conn
	br    *bufio.Reader
	tasks chan func(net.Conn)
	done  chan struct{} // closed when the writing goroutine has ended
}

// open connects unless the client is connected.
func (c *wireClient) open() error {
	if c.conn != nil {
		return nil
	}
	conn, err := c.dial()
	if err != nil {
		return err
	}
	c.conn, c.br = conn, bufio.NewReaderSize(conn, 1<<16)
	c.tasks, c.done = make(chan func(net.Conn), 1024), make(chan struct{})
	go func(conn net.Conn, tasks <-chan func(net.Conn), done chan<- struct{}) {
		defer close(done)
		for task := range tasks {
			task(conn)
		}
	}(c.conn, c.tasks, c.done)
	return nil
}

// write sends b with one write. A server that has closed the connection makes
// it fail, which the next read tells.
func (c *wireClient) write(b []byte) {
	c.tasks <- func(conn net.Conn) { _, _ = conn.Write(b) }
}

// shut closes the sending half after everything that was written.
func (c *wireClient) shut() {
	c.tasks <- func(conn net.Conn) {
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
}

// hangup closes the connection at once. What the server has not taken yet is
// lost.
func (c *wireClient) hangup() {
	if c.conn == nil {
		return
	}
	_ = c.conn.SetDeadline(time.Now())
	_ = c.conn.Close()
	close(c.tasks)
	<-c.done
	c.conn = nil
}

// read returns the next reply, byte for byte, or what happened instead.
// silence is how long to wait before that is called SILENT.
func (c *wireClient) read(silence time.Duration) outcome {
	_ = c.conn.SetReadDeadline(time.Now().Add(silence))
	head, err := c.br.Peek(7)
	if err != nil {
		return outcome{event: eventOf(err)}
	}
	size := binary.LittleEndian.Uint32(head[3:])
	if size > maxReply {
		return outcome{raw: head}
	}
	raw := make([]byte, 7+size)
	if _, err := io.ReadFull(c.br, raw); err != nil {
		return outcome{event: eventOf(err)}
	}
	return outcome{raw: raw}
}

// readOnce returns what one read of the connection gives.
func (c *wireClient) readOnce() outcome {
	_ = c.conn.SetReadDeadline(time.Now().Add(hangGuard))
	buf := make([]byte, 1<<16)
	n, err := c.conn.Read(buf)
	if n == 0 && err != nil {
		return outcome{event: eventOf(err)}
	}
	return outcome{raw: buf[:n]}
}

// eventOf names the end of a connection.
func eventOf(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return eventSilent
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return eventReset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return eventClosed
	}
	return err.Error()
}

// do sends one request and returns its reply.
func (c *wireClient) do(_ testing.TB, r request) outcome {
	if err := c.open(); err != nil {
		return outcome{event: eventCrash}
	}
	c.write(r.encode())
	return c.read(hangGuard)
}

// dialer returns a function that connects to a server's address: a path is a
// unix socket, host:port is TCP.
func dialer(addr string) func() (net.Conn, error) {
	network := "tcp"
	if strings.Contains(addr, "/") {
		network = "unix"
	}
	return func() (net.Conn, error) { return net.DialTimeout(network, addr, hangGuard) }
}
