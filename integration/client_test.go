package integration

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/gogibson/gibson"
)

// connClient is one connection of the client library.
type connClient struct{ conn *gibson.Conn }

func (c *connClient) do(t testing.TB, r request) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	if r.name == "PING" {
		if err := c.conn.Ping(ctx); err != nil {
			t.Fatalf("PING: %v", err)
		}
		return outcome{raw: codeReply("OK")}
	}
	return call(t, remote{ctx, c.conn}, r)
}

// figures implements figurer.
func (c *connClient) figures(t testing.TB) map[string]string {
	t.Helper()
	s, err := c.conn.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range s.Pairs {
		out[p.Name] = p.Value.String()
	}
	return out
}

// remote gives the client's methods the shape of typed: one context for all.
type remote struct {
	ctx context.Context
	c   *gibson.Conn
}

func (r remote) Set(key string, val []byte, ttl time.Duration) error {
	return r.c.Set(r.ctx, key, val, ttl)
}

func (r remote) Value(key string) (gibson.Value, error) { return r.c.Value(r.ctx, key) }

func (r remote) Delete(key string) error { return r.c.Delete(r.ctx, key) }

func (r remote) TTL(key string, ttl time.Duration) error { return r.c.TTL(r.ctx, key, ttl) }

func (r remote) Inc(key string) (int64, error) { return r.c.Inc(r.ctx, key) }

func (r remote) Dec(key string) (int64, error) { return r.c.Dec(r.ctx, key) }

func (r remote) Lock(key string, d time.Duration) error { return r.c.Lock(r.ctx, key, d) }

func (r remote) Unlock(key string) error { return r.c.Unlock(r.ctx, key) }

func (r remote) MSet(prefix string, val []byte) (int64, error) { return r.c.MSet(r.ctx, prefix, val) }

func (r remote) MTTL(prefix string, ttl time.Duration) (int64, error) {
	return r.c.MTTL(r.ctx, prefix, ttl)
}

func (r remote) MGet(prefix string, limit int) (iter.Seq2[string, gibson.Value], error) {
	return r.c.MGet(r.ctx, prefix, limit)
}

func (r remote) MDelete(prefix string) (int64, error) { return r.c.MDelete(r.ctx, prefix) }

func (r remote) MInc(prefix string) (int64, error) { return r.c.MInc(r.ctx, prefix) }

func (r remote) MDec(prefix string) (int64, error) { return r.c.MDec(r.ctx, prefix) }

func (r remote) MLock(prefix string, d time.Duration) (int64, error) {
	return r.c.MLock(r.ctx, prefix, d)
}

func (r remote) MUnlock(prefix string) (int64, error) { return r.c.MUnlock(r.ctx, prefix) }

func (r remote) Count(prefix string) (int64, error) { return r.c.Count(r.ctx, prefix) }

func (r remote) Keys(prefix string) (iter.Seq[string], error) { return r.c.Keys(r.ctx, prefix) }

func (r remote) Meta(key, field string) (int64, error) {
	method, ok := map[string]func(context.Context, string) (int64, error){
		"size":     r.c.MetaSize,
		"encoding": r.c.MetaEncoding,
		"access":   r.c.MetaAccess,
		"created":  r.c.MetaCreated,
		"ttl":      r.c.MetaTTL,
		"left":     r.c.MetaLeft,
		"lock":     r.c.MetaLock,
		"":         r.c.MetaSize, // only reached to see the key refused
	}[field]
	if !ok {
		return 0, errScript
	}
	return method(r.ctx, key)
}
