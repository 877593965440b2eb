package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/gogibson/gibson"
)

// TestMain lets no goroutine survive but those that the proxy itself leaves
// behind when it is stopped in the middle of something.
func TestMain(m *testing.M) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics have loggers of their own
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).write"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// patience is how long a test waits for what must happen before it says that
// it hangs.
const patience = 60 * time.Second

// load is what many goroutines do with one client until they are stopped.
type load struct {
	t        *testing.T
	c        *gibson.Client
	run      int           // part of every key, so that loads do not meet
	deadline time.Duration // of every call
	forgets  bool          // the server loses its items now and then

	stop     chan struct{}
	done     chan struct{}
	answers  atomic.Int64
	failures atomic.Int64
	late     atomic.Int64 // failures of which the deadline is the reason

	mu      sync.Mutex // protects the field below
	ledgers []*ledger
}

// ledger is what one goroutine knows of its own counter.
type ledger struct {
	key       string
	succeeded int64 // INCs that were answered
	unknown   int64 // INCs of which it is not known
}

// start lets n goroutines use c.
func start(t *testing.T, c *gibson.Client, n int, deadline time.Duration, forgets bool) *load {
	l := &load{
		t: t, c: c, run: rand.Int(), deadline: deadline, forgets: forgets,
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	var wg sync.WaitGroup
	for g := range n {
		wg.Go(func() { l.work(g) })
	}
	go func() {
		wg.Wait()
		close(l.done)
	}()
	return l
}

// end stops the goroutines. One that does not return hangs in a call.
func (l *load) end() {
	l.t.Helper()
	close(l.stop)
	select {
	case <-l.done:
	case <-time.After(patience):
		l.t.Fatal("a call does not return although its context has ended")
	}
}

// until polls cond while the load runs.
func (l *load) until(what string, cond func() bool) {
	l.t.Helper()
	for begin := time.Now(); !cond(); <-time.After(time.Millisecond) {
		if time.Since(begin) > patience {
			l.t.Fatalf("waits in vain for %s: %d answers, %d failures, %+v", what, l.answers.Load(), l.failures.Load(), l.c.Stat())
		}
	}
}

// more waits until n more calls have been answered, and failed.
func (l *load) more(answers, failures int64) {
	l.t.Helper()
	a, f := l.answers.Load()+answers, l.failures.Load()+failures
	l.until(fmt.Sprintf("%d more answers and %d more failures", answers, failures), func() bool {
		return l.answers.Load() >= a && l.failures.Load() >= f
	})
}

func (l *load) work(g int) {
	book := &ledger{key: fmt.Sprintf("n:%d:%d", l.run, g)}
	l.mu.Lock()
	l.ledgers = append(l.ledgers, book)
	l.mu.Unlock()
	family := fmt.Sprintf("f:%d:%d:", l.run, g)
	last := int64(0)
	for i := 0; ; i++ {
		select {
		case <-l.stop:
			return
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), l.deadline)
		key := family + strconv.Itoa(i/5%10)
		var err error
		switch i % 5 {
		case 0:
			err = l.c.Set(ctx, key, value(key, rand.IntN(3000)), 0)
		case 1:
			var got []byte
			if got, err = l.c.Get(ctx, key); err == nil {
				l.check(key, got)
			}
		case 2, 3:
			var n int64
			if l.forgets { // a counter of its own for each INC
				book.key = fmt.Sprintf("n:%d:%d:%d", l.run, g, i)
				last = 0
			}
			n, err = l.c.Inc(ctx, book.key)
			switch {
			case err == nil:
				if n <= last || l.forgets && n != 1 {
					l.t.Errorf("INC %s: %d after %d", book.key, n, last)
				}
				last = n
				book.succeeded++
			case !gibson.SafeToRetry(err):
				book.unknown++
			}
			if l.forgets {
				l.once(ctx, book.key)
			}
		case 4:
			items, e := l.c.MGet(ctx, family, 0)
			if err = e; err == nil {
				for k, v := range items {
					l.check(k, v.Bytes())
				}
			}
		}
		cancel()
		l.count(err)
	}
}

// once checks that a counter of which nobody else knows counts one at most.
func (l *load) once(ctx context.Context, key string) {
	if n, err := l.c.GetInt(ctx, key); err == nil && n != 1 {
		l.t.Errorf("INC %s was executed %d times", key, n)
	}
}

// count notes the outcome of a call. Every error is typed.
func (l *load) count(err error) {
	var ce *gibson.CommandError
	switch {
	case err == nil, err == gibson.ErrNotFound:
		l.answers.Add(1)
	case !errors.As(err, &ce) || ce.Command == "":
		l.t.Errorf("an error that is no *CommandError: %v", err)
	case errors.Is(err, gibson.ErrServer), errors.Is(err, gibson.ErrNotANumber), errors.Is(err, gibson.ErrLocked):
		l.t.Errorf("an answer that nobody gave: %v", err)
	default:
		l.failures.Add(1)
		if errors.Is(err, context.DeadlineExceeded) {
			l.late.Add(1)
		}
	}
}

// audit compares the counters with what was done to them, over a connection
// without faults.
func (l *load) audit(ctx context.Context, direct *gibson.Conn) {
	l.t.Helper()
	for _, b := range l.ledgers {
		n, err := direct.GetInt(ctx, b.key)
		if err != nil && err != gibson.ErrNotFound {
			l.t.Error(err)
		}
		if n < b.succeeded || n > b.succeeded+b.unknown {
			l.t.Errorf("%s is %d after %d INCs that succeeded and %d of which it is not known", b.key, n, b.succeeded, b.unknown)
		}
	}
}

// value returns a value of that key: the key, and n bytes that follow from it.
func value(key string, n int) []byte {
	v := append([]byte(key), '#')
	for i := range n {
		v = append(v, key[i%len(key)])
	}
	return v
}

// check complains if v is not a value of key.
func (l *load) check(key string, v []byte) {
	if !bytes.Equal(v, value(key, len(v)-len(key)-1)) {
		l.t.Errorf("%s has the value %.60q of %d bytes", key, v, len(v))
	}
}
