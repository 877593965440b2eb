package gibson

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"
	"time"
)

// Store is what Typed needs of a server. Conn, Client and Pool have it.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, val []byte, ttl time.Duration) error
	Lock(ctx context.Context, key string, d time.Duration) error
	Unlock(ctx context.Context, key string) error
	MGet(ctx context.Context, prefix string, limit int) (iter.Seq2[string, Value], error)
}

// Typed reads and writes values of one Go type, and loads what is missing:
// see Fetch. All methods are safe for concurrent use.
type Typed[V any] struct {
	store Store
	codec Codec[V]
	opts  TypedOptions

	mu      sync.Mutex // protects the fields below
	flights map[string]*flight[V]
	running int           // loads, those that nobody waits for any more too
	idle    chan struct{} // closed when running is 0, nil if nobody waits for that
	closed  bool
}

// TypedOptions are the settings of NewTyped, all of them about Fetch. Nil and
// the zero value stand for the defaults named with each field; a negative
// value is an error.
//
// With StaleFor or NegativeFor every item begins with a header of nine bytes:
//
//	0  'v' for a value, 'n' for the note that there is none
//	1  until when it is fresh, Unix time in milliseconds, 64 bits, little-endian;
//	   0 for ever
//
// Whoever uses the same keys must then have one of them set too. Without
// both, items are what the codec makes of them and nothing else.
type TypedOptions struct {
	// StaleFor is how long past its ttl a value may still be returned, while
	// it is loaded anew in the background. Zero turns that off.
	StaleFor time.Duration

	// NegativeFor is how long it is remembered that a loader returned
	// ErrNotFound. Zero turns that off: the next Fetch asks the loader again.
	NegativeFor time.Duration

	// LockTime is how long one process may load a key while others wait for
	// it. Should it not be done by then, they load too. Zero stands for 10
	// seconds.
	LockTime time.Duration

	// PollInterval is how often a process that waits for another one's load
	// looks for its result. Zero stands for 25 milliseconds.
	PollInterval time.Duration

	// LoadTimeout is how long one load may take: its context ends then. The wait
	// for the server and for another process's load are included; a value that
	// is loaded by then is returned although it may not have been stored. Zero
	// stands for one minute, or twice LockTime if that is more.
	LoadTimeout time.Duration

	// NoLock has every process load for itself: what is missing is loaded once
	// in each, and a miss costs four requests less. An original Gibson server
	// wants it, see Fetch.
	NoLock bool
}

// NewTyped returns a view of store, which is a Conn, a Client or a Pool, in
// which values have the type V. The codec gets the bytes that it made:
// Options.Encoding does not concern them.
func NewTyped[V any](store Store, codec Codec[V], opts *TypedOptions) (*Typed[V], error) {
	if s, ok := store.(interface{ WithEncoding(string) *View }); ok {
		store = s.WithEncoding("")
	}
	t := &Typed[V]{store: store, codec: codec, flights: map[string]*flight[V]{}}
	if opts != nil {
		t.opts = *opts
	}
	o := &t.opts
	if o.StaleFor < 0 || o.NegativeFor < 0 || o.LockTime < 0 || o.PollInterval < 0 || o.LoadTimeout < 0 {
		return nil, fmt.Errorf("gibson: TypedOptions: %+v, want 0 or more", t.opts)
	}
	setDefault(&o.LockTime, 10*time.Second)
	setDefault(&o.PollInterval, 25*time.Millisecond)
	setDefault(&o.LoadTimeout, max(time.Minute, twice(o.LockTime)))
	return t, nil
}

// twice returns 2d, or the longest Duration if that is more.
func twice(d time.Duration) time.Duration {
	if d > math.MaxInt64/2 {
		return math.MaxInt64
	}
	return 2 * d
}

// Get returns the value of key, stale or not, ErrNotFound if there is none.
func (t *Typed[V]) Get(ctx context.Context, key string) (V, error) {
	it, err := t.get(ctx, key)
	if err == nil && it.absent {
		err = ErrNotFound
	}
	return it.val, err
}

// Set stores v under key for ttl, zero or Forever for no expiry.
func (t *Typed[V]) Set(ctx context.Context, key string, v V, ttl time.Duration) error {
	return t.set(ctx, key, item[V]{val: v}, ttl)
}

// MGet returns keys and values under prefix, as Conn.MGet does. A value that
// cannot be decoded fails the whole.
func (t *Typed[V]) MGet(ctx context.Context, prefix string, limit int) (iter.Seq2[string, V], error) {
	family, err := t.store.MGet(ctx, prefix, limit)
	if err != nil {
		return nil, err
	}
	type pair struct {
		key string
		val V
	}
	var pairs []pair
	for key, val := range family {
		it, err := t.decode(key, val.Bytes())
		if err != nil {
			return nil, err
		}
		if !it.absent {
			pairs = append(pairs, pair{key, it.val})
		}
	}
	return func(yield func(string, V) bool) {
		for _, p := range pairs {
			if !yield(p.key, p.val) {
				return
			}
		}
	}, nil
}

// item is what the cache holds under a key.
type item[V any] struct {
	val    V
	absent bool // the note that there is no value
	stale  bool // to be loaded anew
}

const (
	headerSize   = 1 + 8
	headerValue  = 'v'
	headerAbsent = 'n'
)

// headed reports whether items have a header.
func (t *Typed[V]) headed() bool { return t.opts.StaleFor > 0 || t.opts.NegativeFor > 0 }

func (t *Typed[V]) get(ctx context.Context, key string) (item[V], error) {
	data, err := t.store.Get(ctx, key)
	if err != nil {
		return item[V]{}, err
	}
	return t.decode(key, data)
}

func (t *Typed[V]) decode(key string, data []byte) (it item[V], err error) {
	if t.headed() {
		if len(data) < headerSize || data[0] != headerValue && data[0] != headerAbsent {
			return it, &itemError{key: key, cause: errNoHeader}
		}
		until := int64(binary.LittleEndian.Uint64(data[1:]))
		it.stale = until != 0 && time.Now().UnixMilli() >= until
		it.absent = data[0] == headerAbsent
		data = data[headerSize:]
	}
	if !it.absent {
		if it.val, err = t.codec.Decode(data); err != nil {
			return item[V]{}, &itemError{key: key, cause: err}
		}
	}
	return it, nil
}

var errNoHeader = errors.New("item without the header that TypedOptions ask for")

// itemError says that what is stored under a key cannot be decoded.
type itemError struct {
	key   string
	cause error
}

func (e *itemError) Error() string { return fmt.Sprintf("gibson: %q: %v", e.key, e.cause) }

func (e *itemError) Unwrap() error { return e.cause }

func (t *Typed[V]) set(ctx context.Context, key string, it item[V], ttl time.Duration) error {
	var data []byte
	if t.headed() {
		data = t.appendHeader(data, it.absent, ttl)
		if t.opts.StaleFor > 0 && ttl > 0 && !it.absent {
			if ttl += t.opts.StaleFor; ttl < 0 { // beyond what a Duration holds
				ttl = math.MaxInt64
			}
		}
	}
	if !it.absent {
		var err error
		if data, err = t.codec.Append(data, it.val); err != nil {
			return fmt.Errorf("gibson: %q: %w", key, err)
		}
	}
	return t.store.Set(ctx, key, data, ttl)
}

func (t *Typed[V]) appendHeader(dst []byte, absent bool, ttl time.Duration) []byte {
	kind, until := byte(headerValue), int64(0)
	if absent {
		kind = headerAbsent
	}
	if ttl > 0 {
		until = time.Now().Add(ttl).UnixMilli()
	}
	return binary.LittleEndian.AppendUint64(append(dst, kind), uint64(until))
}
