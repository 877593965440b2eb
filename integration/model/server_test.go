package model

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// guard ends a test that would wait for ever.
const guard = 60 * time.Second

// maxPipeline is the most requests that are sent before a reply is read, so few
// that the kernel holds all of them and their replies.
const maxPipeline = 60

// remote is a server in this process and three connections to it over a unix
// socket.
type remote struct {
	clock   clock
	cache   *cache.Cache
	server  *server.Server
	serving sync.WaitGroup
	dir     string
	conns   [3]connection
	cuts    *rand.Rand
}

// connection is one client.
type connection struct {
	net.Conn
	br   *bufio.Reader
	rest []byte // of the request that is held, to be sent first
	held *step
	at   int // held's number
}

func newRemote(t testing.TB, l limits) *remote {
	r := &remote{cuts: rand.New(rand.NewPCG(uint64(l.maxKey), uint64(l.maxValue)))}
	c, err := cache.New(l.options(&r.clock))
	if err != nil {
		t.Fatal(err)
	}
	r.cache = c
	r.server = &server.Server{Cache: c, MaxRequestSize: l.maxRequest, MaxResponseSize: l.maxResponse, MaxBatchRequests: 7}
	if r.cuts.IntN(2) == 0 {
		r.server.Loops = -1 // a goroutine for each connection
	}
	if r.dir, err = os.MkdirTemp("", "model"); err != nil {
		t.Fatal(err)
	}
	listener, err := server.ListenUnix(r.path())
	if err != nil {
		t.Fatal(err)
	}
	r.serving.Go(func() {
		if err := r.server.Serve(listener); !errors.Is(err, server.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return r
}

func (r *remote) path() string { return filepath.Join(r.dir, "s") }

func (r *remote) close(t testing.TB) {
	for i := range r.conns {
		r.conns[i].drop()
	}
	err := r.server.Close()
	r.serving.Wait()
	if err := errors.Join(err, r.cache.Close(), os.RemoveAll(r.dir)); err != nil {
		t.Error(err)
	}
	if s := r.server.Stats(); s.Panics != 0 {
		t.Errorf("%d panics in the server", s.Panics)
	}
}

func (r *remote) advance(d time.Duration) { r.clock.mono.Add(int64(d)) }
func (r *remote) jump(d time.Duration)    { r.clock.wall.Add(int64(d)) }

func (c *connection) drop() {
	if c.Conn != nil {
		_ = c.Close()
	}
	*c = connection{}
}

// overSocket puts a conversation to the model and a server.
func overSocket(t testing.TB, l limits, steps []step) *difference {
	m, r := &model{limits: l}, newRemote(t, l)
	defer r.close(t)
	most := maxPipeline
	if l.evicts {
		most = 1 // so as to see which item made room for which
	}
	for i := 0; i < len(steps); {
		if pass(m, r, steps[i]) {
			i++
			continue
		}
		j := i + 1
		for j < len(steps) && j-i < most && !l.last(steps[j-1]) && steps[j].kind <= badLen && steps[j].conn == steps[i].conn {
			j++
		}
		d, err := r.exchange(m, steps, i, j)
		if err != nil {
			return &difference{i, err.Error(), fmt.Sprintf("replies to %d requests", j-i)}
		}
		if d != nil {
			return d
		}
		if l.evicts && len(m.items) > l.maxItems {
			if d := evicted(m, r.all(), i, steps[i]); d != nil {
				return d
			}
		}
		i = j
	}
	return r.everything(m, len(steps)-1)
}

// all returns every item, by key.
func (r *remote) all() map[string]cache.Value { return maps.Collect(r.cache.Ascend("", "")) }

// everything compares all items, which new connections ask for. The ones before
// are gone, some in the middle of a request.
func (r *remote) everything(m *model, at int) *difference {
	for i := range r.conns {
		r.conns[i].drop()
	}
	if d := everything(m, r.all(), at); d != nil {
		return d
	}
	steps := closing(m)
	for i, j := 0, 0; i < len(steps); i = j {
		for j = i + 1; j < len(steps) && j < i+maxPipeline && !m.last(steps[j-1]); j++ {
		}
		d, err := r.exchange(m, steps, i, j)
		if err != nil {
			return &difference{at, "at the end: " + err.Error(), "replies"}
		}
		if d != nil {
			s := steps[d.at]
			d.at = at
			return d.during(s)
		}
	}
	return nil
}

// last reports whether nothing may follow in the same write: the request is not
// complete, or the connection ends with it.
func (l limits) last(s step) bool {
	return s.kind != request || s.op == opEnd || !knownOp(s.op) || l.tooLong(s)
}

// exchange sends steps[from:to], which are of one client, and reads the replies.
func (r *remote) exchange(m *model, steps []step, from, to int) (*difference, error) {
	c := &r.conns[steps[from].conn%3]
	if c.Conn == nil {
		conn, err := net.Dial("unix", r.path())
		if err != nil {
			return nil, err
		}
		c.Conn, c.br = conn, bufio.NewReader(conn)
	}
	if err := c.SetDeadline(time.Now().Add(guard)); err != nil {
		return nil, err
	}
	out := c.rest
	var due []int // steps that will be answered, in order
	if c.held != nil {
		due = append(due, c.at)
	}
	c.rest, c.held = nil, nil
	for i := from; i < to; i++ {
		s := &steps[i]
		start := len(out)
		switch {
		case s.kind == badLen:
			out = binary.LittleEndian.AppendUint32(out, m.badLengths()[s.op])
			out = binary.LittleEndian.AppendUint16(out, opPing)
		default:
			out = appendRequest(out, s.op, s.payload)
		}
		if s.kind == held {
			cut := start + 1 + r.cuts.IntN(len(out)-start-1)
			c.rest, c.held, c.at = append([]byte(nil), out[cut:]...), s, i
			out = out[:cut]
			break
		}
		if due = append(due, i); m.last(*s) {
			out = appendRequest(out, opSet, "0 behind the-end") // never executed
		}
	}
	r.write(c, out)
	for _, i := range due {
		if d, err := r.answered(m, c, i, steps[i]); d != nil || err != nil {
			return d, err
		}
	}
	return nil, nil
}

// write sends b in up to four pieces. An error shows in what is read.
func (r *remote) write(c *connection, b []byte) {
	for range r.cuts.IntN(4) {
		if len(b) > 1 {
			n := 1 + r.cuts.IntN(len(b)-1)
			_, _ = c.Write(b[:n])
			b = b[n:]
		}
	}
	_, _ = c.Write(b)
}

// answered reads a reply and compares it, and after the last of a connection its
// end.
func (r *remote) answered(m *model, c *connection, i int, s step) (*difference, error) {
	raw, err := readReply(c.br)
	if err != nil {
		return nil, fmt.Errorf("reply to step %d: %w", i, err)
	}
	if s.kind == badLen || m.tooLong(s) {
		s.op = 0
	}
	a := m.do(s.op, s.payload)
	if a.stats && m.maxResponse == 200 {
		a = m.code(codeErr) // STATS is longer
	}
	if d := compare(m, i, a, raw); d != nil {
		return d, nil
	}
	if s.kind == held {
		s.kind = request
	}
	if m.last(s) {
		b, err := c.br.ReadByte()
		c.drop()
		if !errors.Is(err, io.EOF) {
			return &difference{i, fmt.Sprintf("%x, %v", b, err), "the end of the connection"}, nil
		}
	}
	return nil, nil
}

func readReply(br *bufio.Reader) ([]byte, error) {
	head, err := br.Peek(headerSize)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, headerSize+int(binary.LittleEndian.Uint32(head[3:])))
	_, err = io.ReadFull(br, raw)
	return raw, err
}

// totalItems returns total_items of STATS, or the number itself if the reply is
// one, as it is of the cache in this process.
func totalItems(raw []byte) (int64, error) {
	if n, ok := replyNumber(raw); ok {
		return n, nil
	}
	if replyCode(raw) != codeKVal {
		return 0, fmt.Errorf("%s", show(raw))
	}
	b := raw[headerSize:]
	count := binary.LittleEndian.Uint32(b)
	b = b[4:]
	text := func() string {
		n := binary.LittleEndian.Uint32(b)
		s := string(b[4 : 4+n])
		b = b[4+n:]
		return s
	}
	items := int64(-1)
	for range count {
		name := text()
		b = b[1:]
		if value := text(); name == "total_items" {
			items = int64(binary.LittleEndian.Uint64([]byte(value)))
		}
	}
	if count != 27 || len(b) != 0 {
		return items, fmt.Errorf("%d pairs and %d bytes more", count, len(b))
	}
	return items, nil
}

// TestEndIsCompared has a server hold something else than the model at the end of
// a conversation, and expects that to be noticed without a request about it.
func TestEndIsCompared(t *testing.T) {
	t.Parallel()
	l := limits{maxKey: 8, maxValue: 60, compression: 30, maxTTL: 70_000}
	for _, c := range []struct{ model, server string }{
		{"5 k v", "6 k v"}, {"0 k v", "0 k w"}, {"0 k v", "0 l v"}, {"65537 k v", "1 k v"}, {"1 k", "1 k v"},
	} {
		m, r := &model{limits: l}, newRemote(t, l)
		if _, err := r.exchange(&model{limits: l}, []step{{op: opSet, payload: c.server}}, 0, 1); err != nil {
			t.Error(err)
		}
		m.do(opSet, c.model)
		if d := r.everything(m, 0); d == nil {
			t.Errorf("the model has %q and the server %q: no difference", c.model, c.server)
		}
		r.close(t)
	}
}
