package integration

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/gibsontest"
)

// docs/security.md rests on these, besides the tests of the packages.

// talk sends b on a connection of its own and returns everything that comes
// back until the server closes it.
func talk(t *testing.T, addr string, b []byte) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(hangGuard)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("after %q: %v", b[:min(len(b), 60)], err)
	}
	return out
}

// TestBrowsersAreRefused sends what a browser sends when a web page makes it call
// the server's port, with a command in the body. Nothing of it is executed.
func TestBrowsersAreRefused(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	set, err := parseBytes("SET 0 planted v")
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PATCH", "DELETE", "PRI"} {
		request := method + " / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n"
		if got := talk(t, srv.TCPAddr(), append([]byte(request), set...)); !bytes.Equal(got, codeReply("ERR")) {
			t.Errorf("%s is answered %x, want ERR and the end", method, got)
		}
	}
	hello := []byte{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3} // TLS to a port without
	if got := talk(t, srv.TCPAddr(), append(hello, set...)); !bytes.Equal(got, codeReply("ERR")) {
		t.Errorf("a TLS hello is answered %x, want ERR and the end", got)
	}
	if n, err := srv.Cache().Count("planted"); n != 0 || err != nil {
		t.Errorf("%d items were planted, %v", n, err)
	}
}

// TestNoCommandBeyondTheTable tries every opcode up to 1023, and some above: those
// without a command end the connection, and none of them changes an item.
func TestNoCommandBeyondTheTable(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	if err := srv.Cache().Set("k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	known := map[uint16]bool{}
	for _, op := range opcodes {
		known[op] = true
	}
	for n := range 1024 + 200 {
		op := uint16(n)
		if n >= 1024 {
			op = uint16(rand.Uint32())
		}
		if known[op] {
			continue
		}
		b := request{op: op, payload: []byte("k v 0 k v")}.encode()
		if got := talk(t, srv.TCPAddr(), b); !bytes.Equal(got, codeReply("ERR")) {
			t.Fatalf("opcode %d is answered %x, want ERR and the end", op, got)
		}
	}
	if v, ok, err := srv.Cache().Get("k"); string(v) != "v" || !ok || err != nil {
		t.Errorf("k = %q, %v, %v", v, ok, err)
	}
}

// TestNobodyElsesBytes has one client store a secret, and a second one send what
// is malformed in every way that made the original read on beyond a request. The
// secret is in no reply, and in no item that came of it.
func TestNobodyElsesBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modeUnix, nil)
	const secret = "the-secret-of-another-client"
	ask(t, w.client(t, 1), "SET 0 private:a {"+secret+"*200}")
	c := w.client(t, 2)
	for _, name := range []string{"SET", "MSET", "TTL", "MTTL", "LOCK", "MLOCK", "META", "MGET", "GET", "INC", "KEYS", "COUNT", "PING", "STATS"} {
		for _, payload := range []string{
			"", "0", "0\\s", "0 k", "0 k\\s", "k", "k\\s", "k \\x00", "k \\x00\\x00\\x00", "\\s", "\\x00", "\\x00 \\x00", "0 \\x00", "0 \\x00 \\x00",
			"9 k v", "k 9", "k 99999999999999999999", "k -", "k size\\x00", "{x*1024}", "{x*1025}", "0 {x*1024} v", "0 {x*1025} v",
		} {
			r, err := parseRequest(strings.TrimSpace(name + " " + payload))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.do(t, r); got.event != "" || bytes.Contains(got.raw, []byte("secret")) {
				t.Errorf("%s %q is answered %v", name, payload, got)
			}
		}
	}
	for key, v := range w.server.Cache().Ascend("", "") {
		if !strings.HasPrefix(key, "private:") && bytes.Contains(v.Bytes(), []byte("secret")) {
			t.Errorf("the item %q has bytes of another", key)
		}
	}
}

// TestFloodStaysWithinMemory stores many times the limit, in keys and values of
// all sizes, with and without lives and locks. What the cache says it takes never
// passes the limit by more than a tenth, and other clients are answered.
func TestFloodStaysWithinMemory(t *testing.T) {
	t.Parallel()
	const limit = 24 << 20
	srv := gibsontest.NewServer(t, &gibsontest.Options{Cache: cache.Options{MaxMemory: limit}})
	c := srv.Cache()
	r := rand.New(rand.NewPCG(5, 6))
	value := make([]byte, 200<<10)
	for i := range value {
		value[i] = byte(r.Uint32())
	}
	sent := 0
	for n := 0; sent < 6*limit; n++ {
		size := 1 + r.IntN(1<<(1+r.IntN(17)))
		key := strings.Repeat(string(rune('a'+n%26)), 1+r.IntN(200)) + string(value[:1+r.IntN(8)])
		key = strings.ReplaceAll(key, " ", "_")
		if err := c.Set(key, value[:size], time.Duration(r.IntN(3))*time.Hour); err != nil && err != cache.ErrLocked {
			t.Fatal(err)
		}
		if n%50 == 0 {
			if _, err := c.Lock(key, time.Minute); err != nil && err != cache.ErrLocked {
				t.Fatal(err)
			}
		}
		sent += len(key) + size
		if n%100 == 0 {
			s, err := c.Stats()
			if err != nil {
				t.Fatal(err)
			}
			if s.MemoryUsed > limit+limit/10 || s.MemoryHeld > limit+limit/10+heldSlack {
				t.Fatalf("after %d MB: %d used and %d held, limit %d", sent>>20, s.MemoryUsed, s.MemoryHeld, limit)
			}
		}
	}
	if _, err := c.Inc("others"); err != nil {
		t.Error(err)
	}
}

// heldSlack is how much more than the limit the system may have given for what
// was freed since.
const heldSlack = 4 << 20
