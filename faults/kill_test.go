package faults

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// machine is a server that can be taken down and put up again at the same
// address.
type machine interface {
	up(t *testing.T)
	down(t *testing.T)
}

// stuck is the deadline of every call while a server is restarted. A call ends
// with an answer or with the connection that it was on, both of which take as
// long as a restart; one that reaches the deadline was forgotten. Health checks
// are off: they would free it before.
const stuck = 30 * time.Second

// restart takes a server down and up 100 times while 64 goroutines use it.
func restart(t *testing.T, m machine, addr string, forgets bool) *load {
	times := 100
	if testing.Short() {
		times = 10
	}
	m.up(t)
	c, err := gibson.NewClient(addr, &gibson.ClientOptions{
		Conns: 2, MinBackoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond, HealthInterval: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l := start(t, c, 64, stuck, forgets)
	for range times {
		l.more(300, 0)
		m.down(t)
		l.more(0, 10)
		m.up(t)
	}
	l.more(300, 0)
	l.end()
	if n := l.late.Load(); n > 0 {
		t.Errorf("%d calls ended by their deadline of %v alone", n, stuck)
	}
	if st := c.Stat(); st.Dials < uint64(times) || st.Retries == 0 {
		t.Errorf("%+v: this tests nothing", st)
	}
	return l
}

// process is the server as a program, which is killed.
type process struct {
	bin, socket string
	cmd         *exec.Cmd
}

func (p *process) up(t *testing.T) {
	t.Helper()
	p.cmd = exec.Command(p.bin, "serve", "--unix-socket", p.socket, "--admin", "off")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (p *process) down(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = p.cmd.Wait() // killed, as it says
}

// TestKilled kills the server's process. It loses its items with it.
func TestKilled(t *testing.T) {
	dir, err := os.MkdirTemp("", "gibson") // t.TempDir may exceed what a socket's path may have
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	p := &process{bin: filepath.Join(dir, "gibson"), socket: filepath.Join(dir, "s")}
	build := exec.Command("go", "build", "-o", p.bin, "./cmd/gibson")
	build.Dir = ".." // the main module has what the program needs
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if p.cmd != nil {
			_ = p.cmd.Process.Kill() // it may be gone already
			_ = p.cmd.Wait()
		}
	})
	restart(t, p, p.socket, true)
}

// service is the server in this process, which keeps its items.
type service struct {
	cache   *cache.Cache
	socket  string
	srv     *server.Server
	serving sync.WaitGroup
}

func (s *service) up(t *testing.T) {
	t.Helper()
	ln, err := server.ListenUnix(s.socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &server.Server{Cache: s.cache}
	s.srv = srv
	s.serving.Go(func() {
		if err := srv.Serve(ln); !errors.Is(err, server.ErrServerClosed) {
			t.Error(err)
		}
	})
}

func (s *service) down(t *testing.T) {
	t.Helper()
	if err := s.srv.Close(); err != nil {
		t.Error(err)
	}
	s.serving.Wait()
}

// TestCut closes the server, which cuts all connections wherever they are. It
// keeps its items, so that all that was ever done to a counter can be seen.
func TestCut(t *testing.T) {
	dir, err := os.MkdirTemp("", "gibson")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c, err := cache.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := &service{cache: c, socket: filepath.Join(dir, "s")}
	l := restart(t, s, s.socket, false)
	defer s.down(t)
	direct, err := gibson.Dial(t.Context(), s.socket, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	l.audit(t.Context(), direct)
}
