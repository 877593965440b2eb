package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gogibson/gibson"
)

// TestKillUnderLoad kills the server with -9 while clients are at work. Every
// call ends, with an error that says whether it may have been executed; a server
// started in its place takes the socket over, and the same client goes on.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	first := start(t, path, 0)
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	client, err := gibson.NewClient(path, &gibson.ClientOptions{Conns: 2, MaxRetries: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	var wg sync.WaitGroup
	var good, bad atomic.Int64
	for worker := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("w%d:%d", worker, n)
				err := client.Set(ctx, key, []byte("value"), 0)
				if err == nil {
					_, err = client.Inc(ctx, "counter")
				}
				if err == nil {
					good.Add(1)
					continue
				}
				bad.Add(1)
				var command *gibson.CommandError
				if !errors.As(err, &command) || command.Command != "SET" && command.Command != "INC" {
					t.Errorf("%v is no *CommandError that names the command", err)
				}
				var op *net.OpError
				if !errors.As(err, &op) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, gibson.ErrClosed) &&
					!errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
					t.Errorf("%v (%T) does not say what happened to the connection", err, errors.Unwrap(err))
				}
				return
			}
		})
	}
	until(t, "the load runs", func() bool { return good.Load() > 1000 })
	if err := first.end(syscall.SIGKILL); err == nil {
		t.Error("the server was not killed")
	}
	wg.Wait()
	if bad.Load() != 8 {
		t.Errorf("%d workers saw an error, want 8", bad.Load())
	}

	start(t, path, 0)
	until(t, "the client is connected again", func() bool { return client.Ping(ctx) == nil })
	if err := client.Set(ctx, "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Count(ctx, "w"); err != nil || n != 0 {
		t.Errorf("COUNT = %d, %v; want an empty server", n, err)
	}
}

// until waits for something that a process does.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(guard); !is(); {
		select {
		case <-end:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
