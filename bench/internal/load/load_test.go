package load

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/workload"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a Gibson server for GET and SET that answers in pieces.
type fake struct {
	address string

	mu    sync.Mutex // protects the following
	items map[string]string
	piece int                            // bytes per write, 0 = all at once
	reply func(key, value string) []byte // answers GET instead of items
}

// change changes the server's state under its lock.
func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// value returns the reply that carries value.
func value(v string) []byte {
	b := []byte{6, 0, 0}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
	return append(b, v...)
}

func newFake(t *testing.T) *fake {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the generator needs epoll")
	}
	f := &fake{address: filepath.Join(t.TempDir(), "s"), items: map[string]string{}}
	l, err := net.Listen("unix", f.address)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				f.serve(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return f
}

func (f *fake) serve(c net.Conn) {
	r := bufio.NewReaderSize(c, 1<<20)
	for {
		var head [6]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		payload := make([]byte, binary.LittleEndian.Uint32(head[:])-2)
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		reply, step := f.answer(head[4], string(payload))
		for len(reply) > 0 {
			n := len(reply)
			if step > 0 {
				n = min(n, step)
			}
			if _, err := c.Write(reply[:n]); err != nil {
				return
			}
			reply = reply[n:]
		}
	}
}

// answer returns the reply and the size of the pieces it is sent in.
func (f *fake) answer(op byte, payload string) (reply []byte, piece int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op == proto.OpSet {
		parts := strings.SplitN(payload, " ", 3)
		f.items[parts[1]] = parts[2]
		return value(parts[2]), f.piece
	}
	if f.reply != nil {
		return f.reply(payload, f.items[payload]), f.piece
	}
	v, ok := f.items[payload]
	if !ok {
		return []byte{1, 0, 0, 1, 0, 0, 0, 0}, f.piece
	}
	return value(v), f.piece
}

func (f *fake) config() Config {
	return Config{
		Protocol: proto.Gibson{}, Network: "unix", Address: f.address,
		Conns: 3, Depth: 4, Family: workload.Users(), Choice: workload.NewSequence(100), ValueSize: 100,
	}
}

// fill stores the keys 0 to 99.
func (f *fake) fill(t *testing.T) {
	t.Helper()
	cfg := f.config()
	cfg.Conns, cfg.Writes, cfg.Requests = 1, 1, 100
	res, err := Run(t.Context(), cfg)
	if err != nil || res.Stored != 100 || res.Requests != 100 {
		t.Fatalf("fill: %+v, %v", res, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.items) != 100 {
		t.Fatalf("the server has %d items, want 100", len(f.items))
	}
	if got, want := f.items["app:user:00000042:profile"], string(workload.AppendValue(nil, 42, 100)); got != want {
		t.Fatalf("item 42 = %q, want %q", got, want)
	}
}

func TestRunCountsRepliesInAnyPieces(t *testing.T) {
	for _, piece := range []int{0, 1, 7, 1000} {
		f := newFake(t)
		f.fill(t)
		f.change(func() { f.piece = piece })
		cfg := f.config()
		cfg.Requests = 1200
		res, err := Run(t.Context(), cfg)
		if err != nil {
			t.Fatalf("pieces of %d: %v", piece, err)
		}
		if res.Requests != 1200 || res.Hits != 1200 || res.Stored != 0 || res.Missing != 0 {
			t.Errorf("pieces of %d: %+v, want 1200 hits", piece, res)
		}
		if n := res.Latency[0].TotalCount(); n != 1200 {
			t.Errorf("pieces of %d: %d latencies, want 1200", piece, n)
		}
	}
}

func TestRunMixes(t *testing.T) {
	f := newFake(t)
	f.fill(t)
	cfg := f.config()
	cfg.Requests, cfg.Writes, cfg.Choice = 6000, 0.5, workload.NewUniform(100, 1)
	res, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if res.Hits+res.Stored != 6000 || res.Stored < 2700 || res.Stored > 3300 {
		t.Errorf("%d hits and %d stored of 6000, want about half each", res.Hits, res.Stored)
	}
}

func TestRunSendsBatchesBeyondTheSocketsBuffer(t *testing.T) {
	f := newFake(t)
	cfg := f.config()
	cfg.Depth, cfg.ValueSize, cfg.Requests, cfg.Writes, cfg.Conns = 32, 64<<10, 128, 1, 2
	res, err := Run(t.Context(), cfg)
	if err != nil || res.Stored != 128 {
		t.Fatalf("%+v, %v, want 128 stored", res, err)
	}
}

func TestRunRefusesWrongAnswers(t *testing.T) {
	right := workload.AppendValue(nil, 0, 100)
	for name, reply := range map[string][]byte{
		"too short":         value(string(right[:99])),
		"of another key":    value(string(workload.AppendValue(nil, 5, 100))),
		"server's refusal":  {0, 0, 0, 1, 0, 0, 0, 0},
		"an unknown code":   {99, 0, 0, 1, 0, 0, 0, 0},
		"two for one":       append(value(string(right)), value(string(right))...),
		"OK without a data": {5, 0, 0, 1, 0, 0, 0, 0},
	} {
		f := newFake(t)
		f.change(func() { f.reply = func(string, string) []byte { return reply } })
		cfg := f.config()
		cfg.Conns, cfg.Depth, cfg.Requests, cfg.Choice = 1, 1, 1, workload.NewSequence(1)
		if res, err := Run(t.Context(), cfg); err == nil {
			t.Errorf("value %s: %+v, want an error", name, res)
		}
	}
}

func TestRunRefusesMissesUnlessAdmitted(t *testing.T) {
	f := newFake(t)
	cfg := f.config()
	cfg.Requests = 12
	if _, err := Run(t.Context(), cfg); !errors.Is(err, errMissing) {
		t.Errorf("error %v, want errMissing", err)
	}
	cfg.Missing = true
	if res, err := Run(t.Context(), cfg); err != nil || res.Missing != 12 {
		t.Errorf("%+v, %v, want 12 missing", res, err)
	}
}

func TestRunSeesACutConnection(t *testing.T) {
	f := newFake(t)
	l, err := net.Listen("unix", f.address+"2")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		if c, err := l.Accept(); err == nil {
			_, _ = c.Read(make([]byte, 1))
			_ = c.Close()
		}
	})
	cfg := f.config()
	cfg.Address, cfg.Conns, cfg.Requests = f.address+"2", 1, 100
	if _, err := Run(t.Context(), cfg); err == nil {
		t.Error("no error though the server closed the connection")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	f := newFake(t)
	f.fill(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg := f.config()
	cfg.Duration = time.Hour
	if _, err := Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestRunPacesAndSplitsPhases(t *testing.T) {
	f := newFake(t)
	f.fill(t)
	var phase atomic.Int32
	phase.Store(1)
	cfg := f.config()
	cfg.Depth, cfg.Rate, cfg.Duration, cfg.Phase, cfg.Phases, cfg.Stall = 1, 2000, 100*time.Millisecond, &phase, 2, 1
	res, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if res.Requests != 200 {
		t.Errorf("%d requests, want 2000/s for 0.1 s", res.Requests)
	}
	if a, b := res.Latency[0].TotalCount(), res.Latency[1].TotalCount(); a != 0 || b != 200 {
		t.Errorf("%d and %d latencies, want all in phase 1", a, b)
	}
	slow := int64(0)
	for _, s := range res.Stalls {
		slow += s.Requests
	}
	if slow != 200 {
		t.Errorf("%d requests of at least 1 ns in %d stalls, want 200", slow, len(res.Stalls))
	}
}

// turns is a Choice that begins the next phase every hundred keys.
type turns struct {
	n     int
	phase *atomic.Int32
}

func (c *turns) Next() uint32 {
	c.n++
	c.phase.Store(int32(c.n / 100))
	return uint32(c.n % 100)
}

func TestRunEndsWithItsPhases(t *testing.T) {
	f := newFake(t)
	f.fill(t)
	var phase atomic.Int32
	cfg := f.config()
	cfg.Phase, cfg.Phases, cfg.Choice = &phase, 2, &turns{phase: &phase}
	res, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := res.Latency[0].TotalCount(), res.Latency[1].TotalCount(); a < 50 || b < 50 || a+b > 220 {
		t.Errorf("%d and %d latencies, want about 100 in each phase", a, b)
	}
}

func TestRunRefusesBadConfigs(t *testing.T) {
	f := newFake(t)
	for name, change := range map[string]func(*Config){
		"no end":         func(*Config) {},
		"no connections": func(c *Config) { c.Requests, c.Conns = 1, 0 },
		"writes":         func(c *Config) { c.Requests, c.Writes = 1, 1.5 },
		"tiny values":    func(c *Config) { c.Requests, c.ValueSize = 1, 3 },
		"no protocol":    func(c *Config) { c.Requests, c.Protocol = 1, nil },
		"rate":           func(c *Config) { c.Requests, c.Rate = 1, -1 },
	} {
		cfg := f.config()
		change(&cfg)
		if _, err := Run(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestStallsThatOverlapAreOne(t *testing.T) {
	at := time.Now()
	span := func(from, to int) Span {
		return Span{From: at.Add(time.Duration(from)), To: at.Add(time.Duration(to))}
	}
	r := Result{Stalls: make([]Stall, 0, 2)}
	r.stalled(span(10, 20), 1)
	r.stalled(span(5, 25), 1)
	r.stalled(span(25, 30), 1) // due when the one before ended
	r.stalled(span(40, 50), 2)
	r.stalled(span(60, 70), 1) // one too many
	want := []Stall{{Span: span(5, 30), Requests: 3, Slowest: span(5, 25)}, {Span: span(40, 50), Requests: 2, Slowest: span(40, 50)}}
	if !slices.Equal(r.Stalls, want) || r.StallsDropped != 1 {
		t.Errorf("stalls %+v, dropped %d, want %+v, 1", r.Stalls, r.StallsDropped, want)
	}
}

func TestTemplateTargetsKeys(t *testing.T) {
	cfg := Config{Protocol: proto.RESP{}, Family: workload.Users(), Choice: workload.NewSequence(10), ValueSize: 20, Writes: 1, TTLs: []int{7}}
	s := newScript(&cfg)
	for i := range uint32(3) {
		got, slot := s.append(nil)
		want := cfg.Protocol.AppendSet(nil, cfg.Family.Append(nil, i), workload.AppendValue(nil, i, 20), 7)
		if string(got) != string(want) || !slot.set {
			t.Errorf("request %d = %q, want %q", i, got, want)
		}
	}
}
