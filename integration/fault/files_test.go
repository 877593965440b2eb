package fault

import (
	"context"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/gogibson/gibson"
)

// TestDescriptorsRunOut opens more connections than the server has descriptors
// for. Those that it has accepted are served as before, and when some of them
// go, the others get their turn.
func TestDescriptorsRunOut(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("limitFiles does nothing there")
	}
	path := filepath.Join(t.TempDir(), "s")
	start(t, path, 40)
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	first, err := gibson.Dial(ctx, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if err := first.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	ping := []byte{2, 0, 0, 0, 19, 0}
	var served, waiting []net.Conn
	defer func() {
		for _, c := range append(served, waiting...) {
			_ = c.Close()
		}
	}()
	for range 80 {
		c, err := net.Dial("unix", path) // succeeds as long as the backlog has room
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(ping); err != nil {
			t.Fatal(err)
		}
		if len(waiting) == 0 && answered(c, 5*time.Second) {
			served = append(served, c)
		} else {
			waiting = append(waiting, c)
		}
	}
	if len(served) < 10 || len(waiting) < 30 {
		t.Fatalf("%d connections were served and %d not, want some of both", len(served), len(waiting))
	}
	for range 100 {
		if err := first.Set(ctx, "k", []byte("v"), 0); err != nil {
			t.Fatalf("a connection from before: %v", err)
		}
	}
	for _, c := range served {
		_ = c.Close()
	}
	if !answered(waiting[0], guard) {
		t.Error("a connection that waited was not served when descriptors were free again")
	}
}

// answered reports whether a reply to PING comes.
func answered(c net.Conn, within time.Duration) bool {
	_ = c.SetReadDeadline(time.Now().Add(within))
	n, err := c.Read(make([]byte, 8))
	return err == nil && n == 8
}
