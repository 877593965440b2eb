package proc

import (
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain doubles as the server that the tests start: with a socket's path
// in the environment it listens there until it is told to end.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "listen" {
		os.Exit(listen(os.Args[2]))
	}
	goleak.VerifyTestMain(m)
}

func listen(path string) int {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if b, err := os.ReadFile("config"); err != nil || string(b) != "socket "+path {
		return 3
	}
	if _, err := net.Listen("unix", path); err != nil {
		return 2
	}
	<-stop
	return 0
}

func TestStartAndStop(t *testing.T) {
	s, err := Start(t.Context(), "self", []string{os.Args[0], "listen", Socket}, map[string]string{"config": "socket " + Socket})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Err(); err != nil {
		t.Errorf("Err of a running server: %v", err)
	}
	if runtime.GOOS == "linux" {
		u, err := s.Usage()
		if err != nil || u.RSS < 1<<20 || u.Peak < u.RSS {
			t.Errorf("Usage = %+v, %v, want more than 1 MiB resident", u, err)
		}
	}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(s.Dir); !os.IsNotExist(err) {
		t.Errorf("directory is still there: %v", err)
	}
	if s.Err() == nil {
		t.Error("Err of an ended server is nil")
	}
}

func TestStartReportsAServerThatEnds(t *testing.T) {
	_, err := Start(t.Context(), "self", []string{os.Args[0], "listen", Socket}, nil)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error %v, want the exit status", err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "bench-self-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestParseStat(t *testing.T) {
	b := []byte("7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 100 1000 10 18446744073709551615 1\n")
	if got, err := parseStat(b); err != nil || got != 2*time.Second {
		t.Errorf("parseStat = %v, %v, want 2s", got, err)
	}
	if _, err := parseStat([]byte("7 (x) S 1")); err == nil {
		t.Error("no error for a short line")
	}
}

func TestParseStatus(t *testing.T) {
	rss, peak, err := parseStatus([]byte("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t    1024 kB\n"))
	if err != nil || rss != 1<<20 || peak != 2<<20 {
		t.Errorf("parseStatus = %d, %d, %v, want 1 MiB, 2 MiB", rss, peak, err)
	}
	if _, _, err := parseStatus([]byte("Name:\tx\n")); err == nil {
		t.Error("no error without VmRSS")
	}
}
