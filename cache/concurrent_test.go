package cache

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestConcurrentUse runs every kind of command on the same keys from many
// goroutines. A value names its key, so that a wrong one shows; the race
// detector and the check at the end see the rest.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := open(t, Options{Compression: 200})
	value := func(key string, n int) []byte {
		return []byte(strings.Repeat(key+"|", 1+n*n%40))
	}
	check := func(key string, val []byte) {
		if first, _, _ := strings.Cut(string(val), "|"); first != key {
			t.Errorf("%q holds %.20q", key, val)
		}
	}
	const rounds = 600
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var buf []byte
			for i := range rounds {
				key := fmt.Sprintf("k%d:%d", i%3, (i*7+g)%50)
				var err error
				switch (i + g) % 16 {
				default:
					err = c.Set(key, value(key, i), time.Duration(i%3)*time.Second)
				case 1, 2, 3, 4:
					var ok bool
					if buf, ok, err = c.GetInto(buf[:0], key); ok {
						check(key, buf)
					}
				case 5:
					var v Value
					var ok bool
					if v, ok, err = c.Value(key); ok {
						check(key, v.Bytes())
					}
				case 6:
					_, err = c.Count("k")
				case 7:
					_, err = c.Inc("number")
				case 8:
					_, err = c.Delete(key)
				case 9:
					_, err = c.Lock(key, time.Second)
				case 10:
					_, err = c.MUnlock(key[:3])
				case 11:
					pairs, e := c.MGet(key[:4], 10)
					err = e
					if e == nil {
						for k, v := range pairs {
							check(k, v.Bytes())
						}
					}
				case 12:
					_, err = c.MTTL(key[:4], time.Duration(i%2)*time.Second)
				case 13:
					if i%5 == 0 {
						_, err = c.MDelete(key[:3])
					}
				case 14:
					_, _, err = c.MetaAccess(key)
				case 15:
					_, err = c.Stats()
				}
				if err != nil && !errors.Is(err, ErrLocked) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestIncIsAtomic: no increment is lost.
func TestIncIsAtomic(t *testing.T) {
	t.Parallel()
	c := open(t, Options{})
	const goroutines, each = 8, 500
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				if _, err := c.Inc("n"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	want(t, c, "n", strconv.Itoa(goroutines*each))
}

// TestPrefixCommandsAreAtomic: readers see a family before or after a change of
// all of it, never half done.
func TestPrefixCommandsAreAtomic(t *testing.T) {
	t.Parallel()
	c := open(t, Options{})
	const items = 50
	for i := range items {
		set(t, c, fmt.Sprintf("k%d", i), "0", 0)
	}
	stop := make(chan struct{})
	var writer, readers sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if n, err := c.MSet("k", []byte(strings.Repeat("x", i%20)+"|")); n != items || err != nil {
				t.Errorf("MSet = %d, %v", n, err)
			}
		}
	})
	for range 4 {
		readers.Go(func() {
			for range 200 {
				pairs, err := c.MGet("k", 0)
				if err != nil {
					t.Error(err)
					return
				}
				first, n := "", 0
				for k, v := range pairs {
					if n == 0 {
						first = v.String()
					}
					if v.String() != first {
						t.Errorf("%s is %q, the first %q", k, v, first)
					}
					n++
				}
				if n != items {
					t.Errorf("%d pairs, want %d", n, items)
				}
			}
		})
	}
	readers.Wait()
	close(stop)
	writer.Wait()
}

// TestCloseWaits: Close lets running calls and an open batch end first, and
// later calls fail cleanly.
func TestCloseWaits(t *testing.T) {
	t.Parallel()
	c := open(t, Options{})
	set(t, c, "key", "value", 0)
	b, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	for range 2 {
		go func() { closed <- c.Close() }()
	}
	v, err := b.Get([]byte("key"))
	select {
	case <-closed:
		t.Error("Close does not wait for a batch")
	default:
	}
	if v.String() != "value" || err != nil {
		t.Errorf("Get in a batch beside Close: %q, %v", v, err)
	}
	b.End()
	for range 2 {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	if _, _, err := c.Get("key"); err != ErrClosed {
		t.Errorf("Get after Close: %v, want %v", err, ErrClosed)
	}
}

// TestCloseEndsTheGoroutine: when Close returns, nothing runs any more. Not
// parallel, so that no other cache is open.
func TestCloseEndsTheGoroutine(t *testing.T) {
	stacks := make([]byte, 1<<20)
	for range 100 {
		c, err := New(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if s := stacks[:runtime.Stack(stacks, true)]; bytes.Contains(s, []byte("cache.(*Cache).housekeep")) {
			t.Fatalf("after Close:\n%s", s)
		}
	}
}

// TestCloseUnderLoad closes the cache while it is used.
func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	c := open(t, Options{})
	var wg sync.WaitGroup
	started := make(chan struct{}, 4)
	for g := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d:%d", g, i%100)
				err := c.Set(key, []byte(key), time.Second)
				if err == nil {
					_, _, err = c.Get(key)
				}
				if err == nil && i%50 == 0 {
					_, err = c.MDelete(fmt.Sprint(g))
				}
				if i == 100 {
					started <- struct{}{}
				}
				if err != nil {
					if err != ErrClosed {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	for range 4 {
		<-started
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}
