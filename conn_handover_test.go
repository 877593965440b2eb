//go:build unix

package gibson

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson/wire"
)

// lateReader is a socket whose reader learns nothing before its writer has
// failed: the connection sets a deadline for reads then.
type lateReader struct {
	*net.UnixConn
	failed chan struct{}
	once   sync.Once
}

func (p *lateReader) Read(b []byte) (int, error) {
	<-p.failed
	return p.UnixConn.Read(b)
}

func (p *lateReader) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		p.once.Do(func() { close(p.failed) })
	}
	return p.UnixConn.SetReadDeadline(t)
}

// TestHandOverOfWriting has a caller write for others until it gives the role
// of the writer away, and the peer die at that moment with every request
// received and none answered. Only what was not written counts as unsent: an
// INC that was would else be repeated.
func TestHandOverOfWriting(t *testing.T) {
	here, there := socketPair(t)
	nc := &lateReader{UnixConn: here, failed: make(chan struct{})}
	o, err := new(Options).resolved()
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(nc, "test", o)
	defer c.Close()
	c.try = newTryWriter(here)
	const written = maxRounds + 1
	var others []*call // behind each batch that the caller writes comes another request
	once := c.try.fn
	c.try.fn = func(fd uintptr) bool {
		once(fd)
		c.mu.Lock()
		defer c.mu.Unlock()
		cl := c.calls.newCall(wire.OpInc, wantNumber)
		cl.req = wire.EndRequest(append(cl.req, 'k'), 0)
		c.enqueue(cl)
		c.out = append(c.out, cl.req...)
		if others = append(others, cl); len(others) == written {
			there.Close()
		}
		return true
	}
	first := c.calls.newCall(wire.OpInc, wantNumber)
	first.req = wire.EndRequest(append(first.req, 'k'), 0)
	if err := c.do(context.Background(), first); err == nil || isUnsent(err) {
		t.Errorf("the first, which was written: %v", err)
	}
	for i, cl := range others {
		<-cl.done
		if sent := i+1 < written; isUnsent(cl.err) == sent || cl.err == nil {
			t.Errorf("request %d, sent %v: %v", i+1, sent, cl.err)
		}
	}
	if len(others) != written {
		t.Errorf("%d requests behind the first, want %d", len(others), written)
	}
}

// socketPair returns the two ends of a unix socket.
func socketPair(t *testing.T) (here, there *net.UnixConn) {
	t.Helper()
	dir, err := os.MkdirTemp("", "gibson") // t.TempDir may exceed what a socket's path may have
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	addr := &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"}
	ln, err := net.ListenUnix("unix", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if here, err = net.DialUnix("unix", nil, addr); err != nil {
		t.Fatal(err)
	}
	if there, err = ln.AcceptUnix(); err != nil {
		here.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() { there.Close() })
	return here, there
}
