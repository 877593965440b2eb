//go:build unix

package cli_test

import (
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/gogibson/gibson/internal/cli"
)

// notified is the service manager's end of the messages.
type notified struct {
	*net.UnixConn
	name string
}

// notifySocket listens in the place of a service manager.
func notifySocket(t *testing.T) notified {
	t.Helper()
	name := filepath.Join(socketDir(t), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return notified{c, name}
}

// next returns the next message.
func (n notified) next(t *testing.T) string {
	t.Helper()
	b := make([]byte, 4096)
	if err := n.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	size, err := n.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:size])
}

// TestWatchdogNeedsTheLock shows that the watchdog's messages stop when no
// request could be executed, and go on afterwards.
func TestWatchdogNeedsTheLock(t *testing.T) {
	manager := notifySocket(t)
	us, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: manager.name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer us.Close()
	w := cli.NewWatch(t)
	for range 20 {
		w.Tick()
		if got := manager.next(t); got != "WATCHDOG=1" {
			t.Fatalf("message %q while the server answers", got)
		}
		release := w.Hold(t)
		w.Tick()
		// It must wait for the lock now. Without that it would be ready for
		// the next tick before long.
		for range 10000 {
			if w.TryTick() {
				release()
				t.Fatal("the watchdog did not wait for the lock")
			}
			runtime.Gosched()
		}
		_, err := us.Write([]byte("still held"))
		got := manager.next(t)
		release()
		if err != nil || got != "still held" {
			t.Fatalf("%v, message %q while the lock was held", err, got)
		}
		if got := manager.next(t); got != "WATCHDOG=1" {
			t.Fatalf("message %q after the lock was free", got)
		}
	}
}
