package integration

import (
	"errors"
	"iter"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
)

// typed is what the embedded cache and the client library have in common once
// the context is taken from the one and comma-ok from the other. Through it the
// scripts' requests become calls of exported methods, and what these return
// becomes the bytes that a server would have answered.
type typed interface {
	Set(key string, val []byte, ttl time.Duration) error
	Value(key string) (gibson.Value, error)
	Delete(key string) error
	TTL(key string, ttl time.Duration) error
	Inc(key string) (int64, error)
	Dec(key string) (int64, error)
	Lock(key string, d time.Duration) error
	Unlock(key string) error
	MSet(prefix string, val []byte) (int64, error)
	MTTL(prefix string, ttl time.Duration) (int64, error)
	MGet(prefix string, limit int) (iter.Seq2[string, gibson.Value], error)
	MDelete(prefix string) (int64, error)
	MInc(prefix string) (int64, error)
	MDec(prefix string) (int64, error)
	MLock(prefix string, d time.Duration) (int64, error)
	MUnlock(prefix string) (int64, error)
	Count(prefix string) (int64, error)
	Keys(prefix string) (iter.Seq[string], error)
	Meta(key, field string) (int64, error)
}

// errScript says that a case asks for something that only bytes can say.
var errScript = errors.New("a typed method cannot say this: restrict the case with \"modes wire\"")

// call executes r through typed methods and returns the reply a server would
// have given.
func call(t testing.TB, api typed, r request) outcome {
	t.Helper()
	raw, err := dispatch(api, r)
	switch {
	case errors.Is(err, errScript):
		t.Fatalf("%s %q: %v", r.name, r.payload, err)
	case errors.Is(err, gibson.ErrNotFound):
		raw = codeReply("NOT_FOUND")
	case errors.Is(err, gibson.ErrNotANumber):
		raw = codeReply("NAN")
	case errors.Is(err, gibson.ErrMemoryLimit):
		raw = codeReply("MEM")
	case errors.Is(err, gibson.ErrLocked):
		raw = codeReply("LOCKED")
	case isRefusal(err):
		raw = codeReply("ERR")
	case err != nil:
		t.Fatalf("%s %.40q: unexpected error %v", r.name, r.payload, err)
	}
	return outcome{raw: raw}
}

// isRefusal reports whether err is one of those that stand for ERR: the server
// said so, or the method did before asking it.
func isRefusal(err error) bool {
	for _, e := range []error{gibson.ErrServer, cache.ErrInvalidKey, cache.ErrInvalidValue, cache.ErrTooLarge} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// dispatch calls the method that r stands for.
func dispatch(api typed, r request) ([]byte, error) {
	payload := string(r.payload)
	key, rest, _ := strings.Cut(payload, " ")
	switch r.name {
	case "SET":
		ttl, rest, _ := strings.Cut(payload, " ")
		key, val, _ := strings.Cut(rest, " ")
		if ttl == "" {
			ttl = "0"
		}
		d, err := seconds(ttl, 0)
		if err == nil {
			err = api.Set(key, []byte(val), d)
		}
		return reply(6, 0, []byte(val)), err
	case "GET":
		v, err := api.Value(key)
		return valueReply(v), err
	case "DEL":
		return codeReply("OK"), api.Delete(key)
	case "INC":
		return counted(api.Inc(key))
	case "DEC":
		return counted(api.Dec(key))
	case "UNLOCK":
		return codeReply("OK"), api.Unlock(key)
	case "TTL", "LOCK":
		return timed(api, r.name, key, rest)
	case "META":
		n, err := api.Meta(key, rest)
		return numberReply(n), err
	}
	return dispatchPrefix(api, r.name, key, rest)
}

// timed calls TTL and LOCK.
func timed(api typed, name, key, rest string) ([]byte, error) {
	method, none := api.TTL, int64(0)
	if name == "LOCK" {
		method, none = api.Lock, -1
	}
	if rest == "" {
		rest = "0" // only reached to see the key refused
	}
	d, err := seconds(rest, none)
	if err != nil {
		return nil, err
	}
	return codeReply("OK"), method(key, d)
}

// dispatchPrefix calls the methods on families.
func dispatchPrefix(api typed, name, prefix, rest string) ([]byte, error) {
	switch name {
	case "MSET":
		return matched(api.MSet(prefix, []byte(rest)))
	case "MTTL":
		d, err := seconds(rest, 0)
		if err != nil {
			return nil, err
		}
		return matched(api.MTTL(prefix, d))
	case "MLOCK":
		d, err := seconds(rest, -1)
		if err != nil {
			return nil, err
		}
		return matched(api.MLock(prefix, d))
	case "MDEL":
		return matched(api.MDelete(prefix))
	case "MINC":
		return matched(api.MInc(prefix))
	case "MDEC":
		return matched(api.MDec(prefix))
	case "MUNLOCK":
		return matched(api.MUnlock(prefix))
	case "COUNT":
		return counted(api.Count(prefix))
	case "KEYS":
		seq, err := api.Keys(prefix)
		if err != nil {
			return nil, err
		}
		var keys [][]byte
		for k := range seq {
			keys = append(keys, []byte(k))
		}
		return nothingOr(keysReply(keys), len(keys)), nil
	case "MGET":
		return mget(api, prefix, rest)
	}
	return nil, errScript
}

func mget(api typed, prefix, rest string) ([]byte, error) {
	limit := 0
	if rest != "" {
		n, err := strconv.Atoi(rest)
		if err != nil {
			return nil, errScript
		}
		limit = n
	}
	seq, err := api.MGet(prefix, limit)
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for k, v := range seq {
		raw := valueReply(v)
		pairs = append(pairs, pair{[]byte(k), raw[2], raw[7:]})
	}
	return nothingOr(kvalReply(pairs), len(pairs)), nil
}

// seconds turns a script's number into a duration. A number below 1 means
// Forever, except that one other than none means zero where none is not 0:
// LOCK and MLOCK lock for ever with -1 only.
func seconds(s string, none int64) (time.Duration, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return 0, errScript
	case n <= 0 && n == none, n < 0 && none == 0:
		return gibson.Forever, nil
	case n <= 0:
		return 0, nil
	}
	return time.Duration(min(n, math.MaxInt64/int64(time.Second))) * time.Second, nil
}

func counted(n int64, err error) ([]byte, error) { return numberReply(n), err }

// matched is counted for the methods that return 0 where a server answers
// NOT_FOUND.
func matched(n int64, err error) ([]byte, error) {
	return nothingOr(numberReply(n), int(n)), err
}

func nothingOr(raw []byte, n int) []byte {
	if n == 0 {
		return codeReply("NOT_FOUND")
	}
	return raw
}

func valueReply(v gibson.Value) []byte {
	if n, ok := v.Int64(); ok {
		return numberReply(n)
	}
	return reply(6, 0, v.Bytes())
}
