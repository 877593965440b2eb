package call

import (
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson/bench/internal/proto"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer returns a connection to a server that sends these pieces, a moment
// apart, whatever it is asked.
func answer(t *testing.T, protocol proto.Protocol, pieces ...string) *Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = c.Read(make([]byte, 100))
		for _, p := range pieces {
			_, _ = c.Write([]byte(p))
		}
		_, _ = c.Read(make([]byte, 1)) // until the client closes
	})
	c, err := Dial(path, protocol)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = l.Close()
		wg.Wait()
	})
	return c
}

func TestDoWaitsForAllOfAReply(t *testing.T) {
	big := strings.Repeat("x", 3<<20)
	c := answer(t, proto.RESP{}, "*2\r\n$3145728\r\n", big, "\r\n", ":7\r\n")
	a, err := c.Do([]byte("x"))
	if err != nil || a.Kind != proto.Many || a.Size != 2 || a.Took <= 0 || a.Took > time.Hour {
		t.Errorf("Do = %+v, %v, want an array of 2", a.Reply, err)
	}
}

func TestDoRefusesTwoReplies(t *testing.T) {
	c := answer(t, proto.RESP{}, "+OK\r\n+OK\r\n")
	if a, err := c.Do([]byte("x")); err == nil {
		t.Errorf("Do = %+v, want an error", a.Reply)
	}
}

func TestStats(t *testing.T) {
	const pairs = "\x02\x00\x00\x00" +
		"\x01\x00\x00\x00a\x00\x03\x00\x00\x00abc" +
		"\x01\x00\x00\x00n\x02\x08\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00"
	c := answer(t, proto.Gibson{}, "\x07\x00\x00"+string(rune(len(pairs)))+"\x00\x00\x00"+pairs)
	stats, err := c.Stats()
	if err != nil || len(stats) != 1 || stats["n"] != 7 {
		t.Errorf("Stats = %v, %v, want n = 7", stats, err)
	}
}

func TestStatsCutShort(t *testing.T) {
	c := answer(t, proto.Gibson{}, "\x07\x00\x00\x09\x00\x00\x00\x01\x00\x00\x00\xff\x00\x00\x00a")
	if stats, err := c.Stats(); err == nil {
		t.Errorf("Stats = %v, want an error", stats)
	}
}
