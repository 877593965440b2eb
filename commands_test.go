package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// typed has a call of every typed method. What it returns is compared after
// fmt.Sprint.
var typed = []struct {
	name  string
	call  func(context.Context, *gibson.Conn) (any, error)
	op    wire.Opcode
	sent  string
	reply []byte
	want  any
	// none is the result when the server answers NOT_FOUND, ErrNotFound if nil.
	none any
}{
	{"Get", func(ctx context.Context, c *gibson.Conn) (any, error) {
		b, err := c.Get(ctx, "k")
		return string(b), err
	},
		wire.OpGet, "k", wire.AppendValue(nil, []byte("v")), "v", nil},
	{"Get of a number", func(ctx context.Context, c *gibson.Conn) (any, error) {
		b, err := c.Get(ctx, "k")
		return string(b), err
	},
		wire.OpGet, "k", wire.AppendNumber(nil, -42), "-42", nil},
	{"GetInto", func(ctx context.Context, c *gibson.Conn) (any, error) {
		b, err := c.GetInto(ctx, []byte("is "), "k")
		return string(b), err
	}, wire.OpGet, "k", wire.AppendValue(nil, []byte("v")), "is v", nil},
	{"GetInto of a number", func(ctx context.Context, c *gibson.Conn) (any, error) {
		b, err := c.GetInto(ctx, []byte("is "), "k")
		return string(b), err
	}, wire.OpGet, "k", wire.AppendNumber(nil, 7), "is 7", nil},
	{"Value", func(ctx context.Context, c *gibson.Conn) (any, error) {
		v, err := c.Value(ctx, "k")
		return fmt.Sprint(v.IsNumber(), v), err
	}, wire.OpGet, "k", wire.AppendValue(nil, []byte("7")), "false 7", nil},
	{"Value of a number", func(ctx context.Context, c *gibson.Conn) (any, error) {
		v, err := c.Value(ctx, "k")
		return fmt.Sprint(v.IsNumber(), v), err
	}, wire.OpGet, "k", wire.AppendNumber(nil, 7), "true 7", nil},
	{"GetInt", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.GetInt(ctx, "k") },
		wire.OpGet, "k", wire.AppendNumber(nil, -7), -7, nil},
	{"GetInt of text", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.GetInt(ctx, "k") },
		wire.OpGet, "k", wire.AppendValue(nil, []byte("007")), 7, nil},
	{"GetInt of a 32-bit server", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.GetInt(ctx, "k") },
		wire.OpGet, "k", []byte{6, 0, 2, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, -1, nil},
	{"Set", func(ctx context.Context, c *gibson.Conn) (any, error) {
		return nil, c.Set(ctx, "k", []byte(" a b "), 1500*time.Millisecond)
	}, wire.OpSet, "2 k  a b ", wire.AppendValue(nil, []byte(" a b ")), nil, nil},
	{"Set for ever", func(ctx context.Context, c *gibson.Conn) (any, error) {
		return nil, c.Set(ctx, "k", []byte("v"), gibson.Forever)
	}, wire.OpSet, "-1 k v", wire.AppendValue(nil, []byte("v")), nil, nil},
	{"Delete", func(ctx context.Context, c *gibson.Conn) (any, error) { return nil, c.Delete(ctx, "k") },
		wire.OpDel, "k", wire.AppendCode(nil, wire.CodeOK), nil, nil},
	{"TTL", func(ctx context.Context, c *gibson.Conn) (any, error) { return nil, c.TTL(ctx, "k", time.Minute) },
		wire.OpTTL, "k 60", wire.AppendCode(nil, wire.CodeOK), nil, nil},
	{"Inc", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.Inc(ctx, "k") },
		wire.OpInc, "k", wire.AppendNumber(nil, 8), 8, nil},
	{"Dec", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.Dec(ctx, "k") },
		wire.OpDec, "k", wire.AppendNumber(nil, -8), -8, nil},
	{"Lock", func(ctx context.Context, c *gibson.Conn) (any, error) { return nil, c.Lock(ctx, "k", gibson.Forever) },
		wire.OpLock, "k -1", wire.AppendCode(nil, wire.CodeOK), nil, nil},
	{"Unlock", func(ctx context.Context, c *gibson.Conn) (any, error) { return nil, c.Unlock(ctx, "k") },
		wire.OpUnlock, "k", wire.AppendCode(nil, wire.CodeOK), nil, nil},
	{"MSet", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MSet(ctx, "p", []byte("v w")) },
		wire.OpMSet, "p v w", wire.AppendNumber(nil, 3), 3, 0},
	{"MTTL", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MTTL(ctx, "p", 0) },
		wire.OpMTTL, "p 0", wire.AppendNumber(nil, 3), 3, 0},
	{"MInc", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MInc(ctx, "p") },
		wire.OpMInc, "p", wire.AppendNumber(nil, 3), 3, 0},
	{"MDec", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MDec(ctx, "p") },
		wire.OpMDec, "p", wire.AppendNumber(nil, 3), 3, 0},
	{"MLock", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MLock(ctx, "p", time.Second) },
		wire.OpMLock, "p 1", wire.AppendNumber(nil, 3), 3, 0},
	{"MUnlock", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MUnlock(ctx, "p") },
		wire.OpMUnlock, "p", wire.AppendNumber(nil, 3), 3, 0},
	{"MDelete", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MDelete(ctx, "p") },
		wire.OpMDel, "p", wire.AppendNumber(nil, 3), 3, 0},
	{"Count", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.Count(ctx, "p") },
		wire.OpCount, "p", wire.AppendNumber(nil, 3), 3, 0},
	{"MGet", func(ctx context.Context, c *gibson.Conn) (any, error) {
		seq, err := c.MGet(ctx, "p", 0)
		if err != nil {
			return nil, err
		}
		return maps.Collect(seq), nil
	}, wire.OpMGet, "p", somePairs(), map[string]string{"pa": "v", "pb": "7"}, map[string]string{}},
	{"MGet with a limit", func(ctx context.Context, c *gibson.Conn) (any, error) {
		seq, err := c.MGet(ctx, "p", 2)
		if err != nil {
			return nil, err
		}
		for k := range seq { // stop early
			return k, nil
		}
		return nil, nil
	}, wire.OpMGet, "p 2", somePairs(), "pa", nil2{}},
	{"Keys", func(ctx context.Context, c *gibson.Conn) (any, error) {
		seq, err := c.Keys(ctx, "p")
		if err != nil {
			return nil, err
		}
		return slices.Collect(seq), nil
	}, wire.OpKeys, "p", keyPairs(), []string{"pa", "pb"}, []string{}},
	{"MetaSize", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MetaSize(ctx, "k") },
		wire.OpMeta, "k size", wire.AppendNumber(nil, 9), 9, nil},
	{"MetaEncoding", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MetaEncoding(ctx, "k") },
		wire.OpMeta, "k encoding", wire.AppendNumber(nil, 1), 1, nil},
	{"MetaAccess", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MetaAccess(ctx, "k") },
		wire.OpMeta, "k access", wire.AppendNumber(nil, 9), 9, nil},
	{"MetaCreated", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MetaCreated(ctx, "k") },
		wire.OpMeta, "k created", wire.AppendNumber(nil, 9), 9, nil},
	{"MetaTTL", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MetaTTL(ctx, "k") },
		wire.OpMeta, "k ttl", wire.AppendNumber(nil, -1), -1, nil},
	{"MetaLeft", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MetaLeft(ctx, "k") },
		wire.OpMeta, "k left", wire.AppendNumber(nil, 9), 9, nil},
	{"MetaLock", func(ctx context.Context, c *gibson.Conn) (any, error) { return c.MetaLock(ctx, "k") },
		wire.OpMeta, "k lock", wire.AppendNumber(nil, 0), 0, nil},
	{"Ping", func(ctx context.Context, c *gibson.Conn) (any, error) { return nil, c.Ping(ctx) },
		wire.OpPing, "", wire.AppendCode(nil, wire.CodeOK), nil, nil},
	{"Stats", func(ctx context.Context, c *gibson.Conn) (any, error) {
		s, err := c.Stats(ctx)
		return len(s.Pairs), err
	}, wire.OpStats, "", somePairs(), 2, 0},
	{"Do", func(ctx context.Context, c *gibson.Conn) (any, error) {
		r, err := c.Do(ctx, " mttl ", "p", time.Minute)
		n, _ := r.Int64()
		return n, err
	}, wire.OpMTTL, "p 60", wire.AppendNumber(nil, 3), 3, nil},
}

// nil2 prints as nil does.
type nil2 struct{}

func (nil2) String() string { return fmt.Sprint(nil) }

func somePairs() []byte {
	w := wire.BeginPairs(nil)
	w.Append([]byte("pa"), []byte("v"))
	w.AppendNumber([]byte("pb"), 7)
	return w.Finish()
}

func keyPairs() []byte {
	w := wire.BeginPairs(nil)
	w.Append([]byte("0"), []byte("pa"))
	w.Append([]byte("1"), []byte("pb"))
	return w.Finish()
}

// scripted answers with the reply that was set last and keeps the request.
type scripted struct {
	mu    sync.Mutex // protects both
	reply []byte
	last  wire.Request
}

func (s *scripted) answer(req wire.Request) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = req
	return s.reply
}

func (s *scripted) set(reply []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply, s.last = reply, wire.Request{}
}

func (s *scripted) request() wire.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func TestTyped(t *testing.T) {
	var server scripted
	c := dial(t, fake(t, answering(server.answer)), nil)
	for _, tc := range typed {
		server.set(tc.reply)
		got, err := tc.call(t.Context(), c)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%s: %v, %v, want %v", tc.name, got, err, tc.want)
		}
		if req := server.request(); req.Op != tc.op || string(req.Payload) != tc.sent {
			t.Errorf("%s sent %v %q, want %v %q", tc.name, req.Op, req.Payload, tc.op, tc.sent)
		}
	}
}

// TestTypedErrors answers every method with every error, and with replies that
// are no answer to it.
func TestTypedErrors(t *testing.T) {
	var server scripted
	c := dial(t, fake(t, answering(server.answer)), nil)
	for _, tc := range typed {
		for code, want := range map[wire.Code]error{
			wire.CodeErr:    gibson.ErrServer,
			wire.CodeNaN:    gibson.ErrNotANumber,
			wire.CodeMem:    gibson.ErrMemoryLimit,
			wire.CodeLocked: gibson.ErrLocked,
		} {
			server.set(wire.AppendCode(nil, code))
			_, err := tc.call(t.Context(), c)
			var ce *gibson.CommandError
			if !errors.Is(err, want) || !errors.As(err, &ce) || ce.Command != tc.op.String() {
				t.Errorf("%s answered %v: %v", tc.name, code, err)
			}
		}
		server.set(wire.AppendCode(nil, wire.CodeNotFound))
		got, err := tc.call(t.Context(), c)
		if tc.none == nil {
			if !errors.Is(err, gibson.ErrNotFound) {
				t.Errorf("%s answered NOT_FOUND: %v", tc.name, err)
			}
		} else if err != nil || fmt.Sprint(got) != fmt.Sprint(tc.none) {
			t.Errorf("%s answered NOT_FOUND: %v, %v, want %v", tc.name, got, err, tc.none)
		}
		if tc.name == "Do" {
			continue
		}
		for _, reply := range [][]byte{
			wire.AppendCode(nil, wire.CodeOK),
			wire.AppendValue(nil, []byte("text")),
			somePairs(),
		} {
			parsed, _, err := wire.ParseReply(reply, 0)
			if err != nil {
				t.Fatal(err)
			}
			own, _, err := wire.ParseReply(tc.reply, 0)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Code == own.Code && (parsed.Encoding == own.Encoding || tc.op == wire.OpGet) {
				continue
			}
			server.set(reply)
			_, err = tc.call(t.Context(), c)
			var protocol *gibson.ProtocolError
			if !errors.As(err, &protocol) {
				t.Errorf("%s answered %v: %v, want a *ProtocolError", tc.name, parsed.Code, err)
			}
		}
	}
	if c.Closed() {
		t.Errorf("well-formed replies closed the connection: %v", c.Err())
	}
}

func TestGetIntOfOtherText(t *testing.T) {
	var server scripted
	c := dial(t, fake(t, answering(server.answer)), nil)
	for _, text := range []string{"x", "1.0", "+5", " 5", "9223372036854775808"} {
		server.set(wire.AppendValue(nil, []byte(text)))
		if _, err := c.GetInt(t.Context(), "k"); !errors.Is(err, gibson.ErrNotANumber) {
			t.Errorf("GetInt of %q: %v", text, err)
		}
	}
}

// TestTypedRefuses checks what is refused before anything is sent.
func TestTypedRefuses(t *testing.T) {
	var server scripted
	addr := fake(t, answering(server.answer))
	c := dial(t, addr, &gibson.Options{MaxKeySize: 4, MaxValueSize: 3})
	ctx := t.Context()
	check := func(what string, err, want error) {
		t.Helper()
		var ce *gibson.CommandError
		if !errors.Is(err, want) || !errors.As(err, &ce) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		if req := server.request(); req.Op != 0 {
			t.Errorf("%s: sent %v %q", what, req.Op, req.Payload)
		}
	}
	for key, want := range map[string]error{
		"":      gibson.ErrInvalidKey,
		" ":     gibson.ErrInvalidKey,
		"a b":   gibson.ErrInvalidKey,
		"12345": gibson.ErrTooLarge,
	} {
		one := func(_ int64, err error) error { return err }
		get := func() error { _, err := c.Get(ctx, key); return err }
		value := func() error { _, err := c.Value(ctx, key); return err }
		mget := func() error { _, err := c.MGet(ctx, key, 1); return err }
		keys := func() error { _, err := c.Keys(ctx, key); return err }
		for i, err := range []error{
			get(), value(), mget(), keys(),
			c.Set(ctx, key, []byte("v"), 0), c.Delete(ctx, key), c.TTL(ctx, key, 0),
			c.Lock(ctx, key, 0), c.Unlock(ctx, key),
			one(c.GetInt(ctx, key)), one(c.Inc(ctx, key)), one(c.Dec(ctx, key)),
			one(c.MSet(ctx, key, []byte("v"))), one(c.MTTL(ctx, key, 0)), one(c.MInc(ctx, key)),
			one(c.MDec(ctx, key)), one(c.MLock(ctx, key, 0)), one(c.MUnlock(ctx, key)),
			one(c.MDelete(ctx, key)), one(c.Count(ctx, key)),
			one(c.MetaSize(ctx, key)), one(c.MetaLock(ctx, key)),
		} {
			check(fmt.Sprintf("key %q, call %d", key, i), err, want)
		}
	}
	for _, val := range [][]byte{nil, {}} {
		check("Set of nothing", c.Set(ctx, "k", val, 0), gibson.ErrInvalidValue)
		_, err := c.MSet(ctx, "k", val)
		check("MSet of nothing", err, gibson.ErrInvalidValue)
	}
	check("Set of a long value", c.Set(ctx, "k", []byte("1234"), 0), gibson.ErrTooLarge)
	for _, d := range []time.Duration{-2, -time.Second} {
		check("Set", c.Set(ctx, "k", []byte("v"), d), gibson.ErrInvalidTTL)
		check("TTL", c.TTL(ctx, "k", d), gibson.ErrInvalidTTL)
		check("Lock", c.Lock(ctx, "k", d), gibson.ErrInvalidTTL)
		_, err := c.MTTL(ctx, "k", d)
		check("MTTL", err, gibson.ErrInvalidTTL)
		_, err = c.MLock(ctx, "k", d)
		check("MLock", err, gibson.ErrInvalidTTL)
	}
	_, err := c.Do(ctx, "nope")
	check("Do of an unknown command", err, gibson.ErrUnknownCommand)
	_, err = c.Do(ctx, "get", nil)
	check("Do with nil", err, gibson.ErrInvalidArgument)

	// Without limits in Options only the server judges sizes, and Do leaves
	// everything to it.
	server.set(wire.AppendCode(nil, wire.CodeErr))
	open := dial(t, addr, nil)
	if err := open.Delete(ctx, strings.Repeat("k", 5000)); !errors.Is(err, gibson.ErrServer) {
		t.Errorf("Delete of a long key: %v, want the server's ErrServer", err)
	}
	if r, err := open.Do(ctx, "set", "x", "", ""); !errors.Is(err, gibson.ErrServer) || r.Code != wire.CodeErr {
		t.Errorf("Do with bad arguments: %v, %v, want the server's ErrServer", r, err)
	}
	if req := server.request(); string(req.Payload) != "x  " {
		t.Errorf("Do sent %q", req.Payload)
	}
}

func TestDoReplies(t *testing.T) {
	var server scripted
	c := dial(t, fake(t, answering(server.answer)), nil)
	server.set(somePairs())
	r, err := c.Do(t.Context(), "MGET", "p")
	if err != nil || r.PairCount() != 2 {
		t.Fatalf("%v, %v", r, err)
	}
	server.set(wire.AppendCode(nil, wire.CodeOK)) // must not disturb r
	if _, err := c.Do(t.Context(), "ping"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for k, v := range r.Pairs() {
		got = append(got, string(k)+"="+v.String())
	}
	if want := "[pa=v pb=7]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %v", got, want)
	}
	server.set(wire.AppendCode(nil, wire.CodeNotFound))
	if r, err := c.Do(t.Context(), "get", "k"); err != gibson.ErrNotFound || r.Code != wire.CodeNotFound {
		t.Errorf("%v, %v, want bare ErrNotFound", r, err)
	}
}

func TestStats(t *testing.T) {
	var server scripted
	c := dial(t, fake(t, answering(server.answer)), nil)
	w := wire.BeginPairs(nil)
	w.Append([]byte("server_version"), []byte("1.2"))
	w.Append([]byte("server_arch"), []byte("64"))
	w.AppendNumber([]byte("server_started"), 1_700_000_000)
	w.AppendNumber([]byte("first_item_seen"), 0)
	w.AppendNumber([]byte("total_items"), 12)
	w.AppendNumber([]byte("compr_rate_avg"), 30)
	w.Append([]byte("total_clients"), []byte("text where a number belongs"))
	w.Append([]byte("reqs_per_client_avg"), []byte("2.500000"))
	w.Append([]byte("memory_fragmentation"), []byte("?"))
	w.AppendNumber([]byte("from_the_future"), 1)
	server.set(w.Finish())
	s, err := c.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.ServerVersion != "1.2" || s.Arch != "64" || s.Started.Unix() != 1_700_000_000 || !s.FirstItem.IsZero() ||
		s.Items != 12 || s.CompressionRateAvg != 30 || s.Clients != 0 || s.RequestsPerClient != 2.5 || s.MemoryFragmentation != 0 {
		t.Errorf("%+v", s)
	}
	if len(s.Pairs) != 10 || s.Pairs[9].Name != "from_the_future" || s.Pairs[6].Value.String() != "text where a number belongs" {
		t.Errorf("%v", s.Pairs)
	}
}
