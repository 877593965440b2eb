package cache_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gogibson/gibson/cache"
)

// newCache is what every example begins with.
func newCache() *cache.Cache {
	c, err := cache.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// must stops the program if err is not nil.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func Example() {
	c, err := cache.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	must(c.Set("user:42:name", []byte("Ada"), time.Hour))
	must(c.Set("user:42:mail", []byte("ada@example.com"), time.Hour))
	must(c.Set("user:7:name", []byte("Grace"), time.Hour))

	n, err := c.Count("user:42:")
	must(err)
	fmt.Println("keys of user 42:", n)

	n, err = c.MDelete("user:42:")
	must(err)
	fmt.Println("deleted:", n)
	// Output:
	// keys of user 42: 2
	// deleted: 2
}

func ExampleNew() {
	c, err := cache.New(&cache.Options{
		MaxMemory:    64 << 20,
		MaxKeySize:   256,
		MaxValueSize: 1 << 20,
		Compression:  -1, // values are stored as they are
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Close())
	// Output: <nil>
}

func ExampleOptions_onRemove() {
	c, err := cache.New(&cache.Options{
		MaxItems: 2,
		Eviction: cache.EvictLRU,
		OnRemove: func(key string, cause cache.Cause) { fmt.Println(key, cause) },
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range []string{"old", "new:1", "new:2"} { // one too many
		if err := c.Set(key, []byte("value"), cache.Forever); err != nil {
			log.Fatal(err)
		}
	}
	if _, err := c.MDelete("new:"); err != nil {
		log.Fatal(err)
	}
	must(c.Close()) // waits until everything was reported
	// Output:
	// old evicted
	// new: family deleted
}

func ExampleCache_Close() {
	c := newCache()
	must(c.Close())
	_, _, err := c.Get("key")
	fmt.Println(errors.Is(err, cache.ErrClosed))
	// Output: true
}

func ExampleCache_Options() {
	c := newCache()
	defer c.Close()
	fmt.Println(c.Options().MaxItemTTL)
	// Output: 720h0m0s
}

func ExampleCache_Set() {
	c := newCache()
	defer c.Close()
	must(c.Set("session", []byte("token"), 30*time.Minute))
	must(c.Set("forever", []byte("value"), 0))
	fmt.Println(c.Set("a key", []byte("value"), 0))
	// Output: gibson: invalid key: want at least one byte and no space
}

func ExampleCache_Get() {
	c := newCache()
	defer c.Close()
	must(c.Set("greeting", []byte("hello"), 0))

	val, ok, err := c.Get("greeting")
	fmt.Printf("%s %v %v\n", val, ok, err)
	val, ok, err = c.Get("missing")
	fmt.Printf("%s %v %v\n", val, ok, err)
	// Output:
	// hello true <nil>
	//  false <nil>
}

// One buffer serves many reads: nothing is allocated.
func ExampleCache_GetInto() {
	c := newCache()
	defer c.Close()
	must(c.Set("a", []byte("first"), 0))
	must(c.Set("b", []byte("second"), 0))

	buf := make([]byte, 0, 1024)
	for _, key := range []string{"a", "b", "c"} {
		val, ok, err := c.GetInto(buf[:0], key)
		must(err)
		if ok {
			fmt.Printf("%s\n", val)
		}
	}
	// Output:
	// first
	// second
}

func ExampleCache_Value() {
	c := newCache()
	defer c.Close()
	must(c.Set("text", []byte("41"), 0))
	_, err := c.Inc("number")
	must(err)

	for _, key := range []string{"text", "number"} {
		v, _, err := c.Value(key)
		must(err)
		fmt.Println(key, v, v.IsNumber())
	}
	// Output:
	// text 41 false
	// number 1 true
}

func ExampleCache_Delete() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 0))
	fmt.Println(c.Delete("key"))
	fmt.Println(c.Delete("key"))
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleCache_TTL() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 0))
	fmt.Println(c.TTL("key", time.Minute))
	fmt.Println(c.MetaTTL("key"))
	fmt.Println(c.TTL("key", cache.Forever))
	fmt.Println(c.MetaTTL("key"))
	// Output:
	// true <nil>
	// 60 true <nil>
	// true <nil>
	// -1 true <nil>
}

func ExampleCache_Inc() {
	c := newCache()
	defer c.Close()
	fmt.Println(c.Inc("visits"))
	fmt.Println(c.Inc("visits"))
	must(c.Set("name", []byte("Ada"), 0))
	_, err := c.Inc("name")
	fmt.Println(errors.Is(err, cache.ErrNotANumber))
	// Output:
	// 1 <nil>
	// 2 <nil>
	// true
}

func ExampleCache_Dec() {
	c := newCache()
	defer c.Close()
	must(c.Set("stock", []byte("10"), 0))
	fmt.Println(c.Dec("stock"))
	// Output: 9 <nil>
}

func ExampleCache_Lock() {
	c := newCache()
	defer c.Close()
	must(c.Set("report", []byte("draft"), 0))

	_, err := c.Lock("report", 10*time.Second)
	must(err)
	err = c.Set("report", []byte("final"), 0)
	fmt.Println(errors.Is(err, cache.ErrLocked))
	// Output: true
}

func ExampleCache_Unlock() {
	c := newCache()
	defer c.Close()
	must(c.Set("report", []byte("draft"), 0))
	_, err := c.Lock("report", cache.Forever)
	must(err)

	_, err = c.Unlock("report")
	must(err)
	fmt.Println(c.Set("report", []byte("final"), 0))
	// Output: <nil>
}

func ExampleCache_MSet() {
	c := newCache()
	defer c.Close()
	must(c.Set("flag:a", []byte("on"), 0))
	must(c.Set("flag:b", []byte("on"), 0))
	fmt.Println(c.MSet("flag:", []byte("off")))
	// Output: 2 <nil>
}

func ExampleCache_MTTL() {
	c := newCache()
	defer c.Close()
	must(c.Set("cart:1", []byte("tea"), 0))
	must(c.Set("cart:2", []byte("milk"), 0))
	fmt.Println(c.MTTL("cart:", time.Minute))
	// Output: 2 <nil>
}

func ExampleCache_MDelete() {
	c := newCache()
	defer c.Close()
	must(c.Set("page:home", []byte("<html>"), 0))
	must(c.Set("page:about", []byte("<html>"), 0))
	fmt.Println(c.MDelete("page:"))
	fmt.Println(c.MDelete("page:"))
	// Output:
	// 2 <nil>
	// 0 <nil>
}

func ExampleCache_MInc() {
	c := newCache()
	defer c.Close()
	must(c.Set("score:a", []byte("1"), 0))
	must(c.Set("score:b", []byte("not yet"), 0))
	fmt.Println(c.MInc("score:"))
	// Output: 1 <nil>
}

func ExampleCache_MDec() {
	c := newCache()
	defer c.Close()
	must(c.Set("lives:a", []byte("3"), 0))
	must(c.Set("lives:b", []byte("2"), 0))
	fmt.Println(c.MDec("lives:"))
	// Output: 2 <nil>
}

func ExampleCache_MLock() {
	c := newCache()
	defer c.Close()
	must(c.Set("config:a", []byte("1"), 0))
	must(c.Set("config:b", []byte("2"), 0))
	fmt.Println(c.MLock("config:", cache.Forever))
	fmt.Println(c.MDelete("config:"))
	// Output:
	// 2 <nil>
	// 0 <nil>
}

func ExampleCache_MUnlock() {
	c := newCache()
	defer c.Close()
	must(c.Set("config:a", []byte("1"), 0))
	_, err := c.MLock("config:", cache.Forever)
	must(err)
	fmt.Println(c.MUnlock("config:"))
	// Output: 1 <nil>
}

func ExampleCache_Count() {
	c := newCache()
	defer c.Close()
	must(c.Set("user:1", []byte("Ada"), 0))
	must(c.Set("user:2", []byte("Grace"), 0))
	fmt.Println(c.Count("user:"))
	fmt.Println(c.Count("group:"))
	// Output:
	// 2 <nil>
	// 0 <nil>
}

func ExampleCache_Weigh() {
	c := newCache()
	defer c.Close()
	must(c.Set("user:1", []byte("Ada"), 0))
	must(c.Set("user:2", []byte("Grace"), 0))
	items, bytes, err := c.Weigh("user:")
	fmt.Println(items, "items,", bytes, "bytes of keys and values,", err)
	// Output: 2 items, 20 bytes of keys and values, <nil>
}

func ExampleCache_MGet() {
	c := newCache()
	defer c.Close()
	must(c.Set("user:2", []byte("Grace"), 0))
	must(c.Set("user:1", []byte("Ada"), 0))
	must(c.Set("user:3", []byte("Barbara"), 0))

	pairs, err := c.MGet("user:", 2)
	must(err)
	for key, val := range pairs {
		fmt.Println(key, val)
	}
	// Output:
	// user:1 Ada
	// user:2 Grace
}

func ExampleCache_Keys() {
	c := newCache()
	defer c.Close()
	must(c.Set("user:2", []byte("Grace"), 0))
	must(c.Set("user:1", []byte("Ada"), 0))

	keys, err := c.Keys("user:")
	must(err)
	for key := range keys {
		fmt.Println(key)
	}
	// Output:
	// user:1
	// user:2
}

func ExampleCache_MetaSize() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 0))
	fmt.Println(c.MetaSize("key"))
	// Output: 5 true <nil>
}

func ExampleCache_MetaEncoding() {
	c := newCache()
	defer c.Close()
	_, err := c.Inc("number")
	must(err)
	fmt.Println(c.MetaEncoding("number"))
	// Output: 2 true <nil>
}

func ExampleCache_MetaAccess() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 0))
	unix, _, err := c.MetaAccess("key")
	must(err)
	fmt.Println(time.Since(time.Unix(unix, 0)) < time.Hour)
	// Output: true
}

func ExampleCache_MetaCreated() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 0))
	unix, _, err := c.MetaCreated("key")
	must(err)
	fmt.Println(time.Since(time.Unix(unix, 0)) < time.Hour)
	// Output: true
}

func ExampleCache_MetaTTL() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 1500*time.Millisecond))
	fmt.Println(c.MetaTTL("key")) // whole seconds, rounded up
	// Output: 2 true <nil>
}

func ExampleCache_MetaLeft() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 0))
	fmt.Println(c.MetaLeft("key"))
	// Output: -1 true <nil>
}

func ExampleCache_MetaLock() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 0))
	_, err := c.Lock("key", time.Minute)
	must(err)
	fmt.Println(c.MetaLock("key"))
	// Output: 60 true <nil>
}

func ExampleCache_Stats() {
	c := newCache()
	defer c.Close()
	must(c.Set("key", []byte("value"), 0))
	s, err := c.Stats()
	must(err)
	fmt.Println(s.Items, s.MemoryUsed > 0)
	// Output: 1 true
}

// A batch runs many commands under one lock and without copies. This is how the
// server answers all requests that came with one read.
func ExampleCache_Begin() {
	c := newCache()
	defer c.Close()

	b, err := c.Begin()
	must(err)
	defer b.End()
	must(b.Set(60, []byte("key"), []byte("value")))
	v, err := b.Get([]byte("key"))
	must(err)
	fmt.Println(v, b.Count([]byte("k")))
	_, err = b.Get([]byte("missing"))
	fmt.Println(err == cache.ErrNotFound)
	// Output:
	// value 1
	// true
}

// Walk calls a function for each item of a family, without copies.
func ExampleBatch_Walk() {
	c := newCache()
	defer c.Close()
	must(c.Set("user:2", []byte("Grace"), 0))
	must(c.Set("user:1", []byte("Ada"), 0))

	b, err := c.Begin()
	must(err)
	defer b.End()
	n := b.Walk([]byte("user:"), 0, true, func(key []byte, v cache.Value) bool {
		fmt.Printf("%s %s\n", key, v)
		return true
	})
	fmt.Println(n)
	// Output:
	// user:1 Ada
	// user:2 Grace
	// 2
}

func ExampleCache_Ascend() {
	c := newCache()
	defer c.Close()
	for _, key := range []string{"user:1", "user:2", "user:3", "video:1"} {
		if err := c.Set(key, []byte("of "+key), 0); err != nil {
			log.Fatal(err)
		}
	}
	for key, val := range c.Ascend("user:", "user:1") { // those after user:1
		fmt.Println(key, "=", val)
	}
	// Output:
	// user:2 = of user:2
	// user:3 = of user:3
}
