package gibson_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/gogibson/gibson"
)

// TestKeepAlive asks the system what it was told to do about silence.
func TestKeepAlive(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // and with it those in its backlog
	for _, tc := range []struct {
		set              time.Duration
		on, idle, repeat int // seconds
	}{{0, 1, 15, 15}, {7 * time.Second, 1, 7, 7}, {-1, 0, 0, 0}} {
		c := dial(t, ln.Addr().String(), &gibson.Options{KeepAlive: tc.set})
		raw, err := gibson.NetConn(c).(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		option := func(fd uintptr, level, name int) int {
			n, err := syscall.GetsockoptInt(int(fd), level, name)
			if err != nil {
				t.Error(err)
			}
			return n
		}
		if err := raw.Control(func(fd uintptr) {
			if on := option(fd, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); on != tc.on {
				t.Errorf("KeepAlive %v: SO_KEEPALIVE is %d", tc.set, on)
			}
			if tc.on == 0 {
				return
			}
			idle, repeat := option(fd, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE), option(fd, syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL)
			if idle != tc.idle || repeat != tc.repeat {
				t.Errorf("KeepAlive %v: asks after %d s and every %d s, want %d and %d", tc.set, idle, repeat, tc.idle, tc.repeat)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}
