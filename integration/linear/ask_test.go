package linear

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
)

// gibsonish is what the client and the embedded cache have in common, absence
// being ErrNotFound.
type gibsonish interface {
	Set(key string, val []byte) error
	Value(key string) (gibson.Value, error)
	Inc(key string) (int64, error)
	Dec(key string) (int64, error)
	TTL(key string, ttl time.Duration) error
	MetaTTL(key string) (int64, error)
	MetaLock(key string) (int64, error)
	MetaEncoding(key string) (int64, error)
	Delete(key string) error
	Lock(key string) error
	Unlock(key string) error
	MSet(prefix string, val []byte) (int64, error)
	MTTL(prefix string, ttl time.Duration) (int64, error)
	MInc(prefix string) (int64, error)
	MDec(prefix string) (int64, error)
	MDelete(prefix string) (int64, error)
	MLock(prefix string) (int64, error)
	MUnlock(prefix string) (int64, error)
	Count(prefix string) (int64, error)
	MGet(prefix string) (iter.Seq2[string, gibson.Value], error)
	Keys(prefix string) (iter.Seq[string], error)
}

// ask gives a command and returns its answer in the words of step.
func ask(t *testing.T, g gibsonish, in input) string {
	switch in.name {
	case "SET":
		return say(t, "ok", g.Set(in.arg, []byte(in.text)))
	case "GET":
		v, err := g.Value(in.arg)
		return say(t, text(v), err)
	case "INC":
		n, err := g.Inc(in.arg)
		return say(t, "#"+strconv.FormatInt(n, 10), err)
	case "DEC":
		n, err := g.Dec(in.arg)
		return say(t, "#"+strconv.FormatInt(n, 10), err)
	case "TTL":
		return say(t, "ok", g.TTL(in.arg, time.Duration(in.seconds)*time.Second))
	case "META":
		n, err := map[string]func(string) (int64, error){
			"ttl": g.MetaTTL, "lock": g.MetaLock, "encoding": g.MetaEncoding,
		}[in.text](in.arg)
		return say(t, strconv.FormatInt(n, 10), err)
	case "DEL":
		return say(t, "ok", g.Delete(in.arg))
	case "LOCK":
		return say(t, "ok", g.Lock(in.arg))
	case "UNLOCK":
		return say(t, "ok", g.Unlock(in.arg))
	case "MGET":
		list := ""
		seq, err := g.MGet(in.arg)
		if err == nil {
			for key, v := range seq {
				list += key + "=" + text(v) + " "
			}
		}
		return say(t, list, err)
	case "KEYS":
		list := ""
		seq, err := g.Keys(in.arg)
		if err == nil {
			for key := range seq {
				list += key + " "
			}
		}
		return say(t, list, err)
	case "MSET":
		n, err := g.MSet(in.arg, []byte(in.text))
		return say(t, strconv.FormatInt(n, 10), err)
	case "MTTL":
		n, err := g.MTTL(in.arg, time.Duration(in.seconds)*time.Second)
		return say(t, strconv.FormatInt(n, 10), err)
	}
	n, err := map[string]func(string) (int64, error){
		"MINC": g.MInc, "MDEC": g.MDec, "MDEL": g.MDelete, "MLOCK": g.MLock, "MUNLOCK": g.MUnlock, "COUNT": g.Count,
	}[in.name](in.arg)
	return say(t, strconv.FormatInt(n, 10), err)
}

func text(v gibson.Value) string {
	if v.IsNumber() {
		return "#" + v.String()
	}
	return v.String()
}

// say names an error in the words of step.
func say(t *testing.T, out string, err error) string {
	switch {
	case err == nil:
		return out
	case errors.Is(err, gibson.ErrNotFound):
		return "none"
	case errors.Is(err, gibson.ErrLocked):
		return "locked"
	case errors.Is(err, gibson.ErrNotANumber):
		return "nan"
	}
	t.Errorf("unexpected error: %v", err)
	return err.Error()
}

// local is the cache as gibsonish.
type local struct{ *cache.Cache }

func found(ok bool, err error) error {
	if err == nil && !ok {
		return gibson.ErrNotFound
	}
	return err
}

func foundNumber(n int64, ok bool, err error) (int64, error) { return n, found(ok, err) }

func (l local) Set(key string, val []byte) error { return l.Cache.Set(key, val, 0) }
func (l local) Value(key string) (gibson.Value, error) {
	v, ok, err := l.Cache.Value(key)
	return v, found(ok, err)
}
func (l local) TTL(key string, ttl time.Duration) error {
	return found(l.Cache.TTL(key, ttl))
}
func (l local) MetaTTL(key string) (int64, error)  { return foundNumber(l.Cache.MetaTTL(key)) }
func (l local) MetaLock(key string) (int64, error) { return foundNumber(l.Cache.MetaLock(key)) }
func (l local) MetaEncoding(key string) (int64, error) {
	return foundNumber(l.Cache.MetaEncoding(key))
}
func (l local) Delete(key string) error            { return found(l.Cache.Delete(key)) }
func (l local) Lock(key string) error              { return found(l.Cache.Lock(key, cache.Forever)) }
func (l local) Unlock(key string) error            { return found(l.Cache.Unlock(key)) }
func (l local) MLock(prefix string) (int64, error) { return l.Cache.MLock(prefix, cache.Forever) }
func (l local) MGet(prefix string) (iter.Seq2[string, gibson.Value], error) {
	return l.Cache.MGet(prefix, 0)
}

// remote is a connection as gibsonish.
type remote struct {
	ctx  context.Context
	conn *gibson.Conn
}

func (r remote) Set(key string, val []byte) error       { return r.conn.Set(r.ctx, key, val, 0) }
func (r remote) Value(key string) (gibson.Value, error) { return r.conn.Value(r.ctx, key) }
func (r remote) Inc(key string) (int64, error)          { return r.conn.Inc(r.ctx, key) }
func (r remote) Dec(key string) (int64, error)          { return r.conn.Dec(r.ctx, key) }
func (r remote) MetaTTL(key string) (int64, error)      { return r.conn.MetaTTL(r.ctx, key) }
func (r remote) MetaLock(key string) (int64, error)     { return r.conn.MetaLock(r.ctx, key) }
func (r remote) MetaEncoding(key string) (int64, error) { return r.conn.MetaEncoding(r.ctx, key) }
func (r remote) TTL(key string, ttl time.Duration) error {
	return r.conn.TTL(r.ctx, key, ttl)
}
func (r remote) Delete(key string) error { return r.conn.Delete(r.ctx, key) }
func (r remote) Lock(key string) error   { return r.conn.Lock(r.ctx, key, gibson.Forever) }
func (r remote) Unlock(key string) error { return r.conn.Unlock(r.ctx, key) }
func (r remote) MSet(prefix string, val []byte) (int64, error) {
	return r.conn.MSet(r.ctx, prefix, val)
}
func (r remote) MTTL(prefix string, ttl time.Duration) (int64, error) {
	return r.conn.MTTL(r.ctx, prefix, ttl)
}
func (r remote) MDec(prefix string) (int64, error)    { return r.conn.MDec(r.ctx, prefix) }
func (r remote) MInc(prefix string) (int64, error)    { return r.conn.MInc(r.ctx, prefix) }
func (r remote) MDelete(prefix string) (int64, error) { return r.conn.MDelete(r.ctx, prefix) }
func (r remote) MLock(prefix string) (int64, error) {
	return r.conn.MLock(r.ctx, prefix, gibson.Forever)
}
func (r remote) MUnlock(prefix string) (int64, error) { return r.conn.MUnlock(r.ctx, prefix) }
func (r remote) Count(prefix string) (int64, error)   { return r.conn.Count(r.ctx, prefix) }
func (r remote) MGet(prefix string) (iter.Seq2[string, gibson.Value], error) {
	return r.conn.MGet(r.ctx, prefix, 0)
}
func (r remote) Keys(prefix string) (iter.Seq[string], error) { return r.conn.Keys(r.ctx, prefix) }
