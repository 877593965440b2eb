package fault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// guard ends a test that would wait for ever.
const guard = 60 * time.Second

// socketVariable names the environment variable that makes the test program a
// server: of this unix socket. filesVariable bounds its open files.
const (
	socketVariable = "GIBSON_FAULT_SOCKET"
	filesVariable  = "GIBSON_FAULT_FILES"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(socketVariable); path != "" {
		if err := serve(path, os.Getenv(filesVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// serve serves a socket until the process is asked to end.
func serve(path, files string) error {
	c, err := cache.New(nil)
	if err != nil {
		return err
	}
	l, err := server.ListenUnix(path)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	if n, err := strconv.ParseUint(files, 10, 64); err == nil {
		if err := limitFiles(n); err != nil {
			return err
		}
	}
	s := &server.Server{Cache: c}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	fmt.Println("ready")
	if err := s.Serve(l); !errors.Is(err, server.ErrServerClosed) {
		return err
	}
	return c.Close()
}

// child is a server in a process of its own.
type child struct {
	cmd    *exec.Cmd
	waited bool
}

// start starts a server and returns when it can be connected to. files bounds
// its open files, 0 for no bound.
func start(t *testing.T, path string, files int) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), socketVariable+"="+path)
	if files > 0 {
		cmd.Env = append(cmd.Env, filesVariable+"="+strconv.Itoa(files))
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd}
	t.Cleanup(func() {
		if err := c.end(syscall.SIGTERM); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil && !errors.Is(err, io.EOF) || line != "ready\n" {
		t.Fatalf("the server says %q, %v", line, err)
	}
	return c
}

// end sends the process a signal and waits for it.
func (c *child) end(s os.Signal) error {
	if c.waited {
		return nil
	}
	c.waited = true
	if err := c.cmd.Process.Signal(s); err != nil {
		return err
	}
	return c.cmd.Wait()
}
