package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/gibsontest"
)

// connect starts a server for an example and connects to it.
func connect() (ctx context.Context, conn *gibson.Conn, done func()) {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx = context.Background()
	conn, err = gibson.Dial(ctx, srv.Addr(), nil)
	if err != nil {
		log.Fatal(err)
	}
	return ctx, conn, func() {
		conn.Close()
		srv.Close()
	}
}

// A family of keys is stored key by key, and read, counted and deleted by one
// request each.
func Example() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := gibson.Dial(ctx, srv.Addr(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	for key, val := range map[string]string{
		"user:42:name":  "Ada Lovelace",
		"user:42:email": "ada@example.org",
		"user:43:name":  "Alan Turing",
	} {
		if err := conn.Set(ctx, key, []byte(val), time.Hour); err != nil {
			log.Fatal(err)
		}
	}
	family, err := conn.MGet(ctx, "user:42:", 0)
	if err != nil {
		log.Fatal(err)
	}
	for key, val := range family {
		fmt.Println(key, "is", val)
	}
	n, err := conn.MDelete(ctx, "user:42:")
	fmt.Println(n, "deleted", err)
	// Output:
	// user:42:email is ada@example.org
	// user:42:name is Ada Lovelace
	// 2 deleted <nil>
}

func ExampleDial() {
	srv, err := gibsontest.Start(nil) // or: gibson serve
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := gibson.Dial(ctx, "tcp://"+srv.TCPAddr(), &gibson.Options{
		MaxReplySize: 1 << 20,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.Ping(ctx))
	// Output: <nil>
}

func ExampleConn_Do() {
	ctx, conn, done := connect()
	defer done()

	reply, err := conn.Do(ctx, "set", 10*time.Second, "pi", 3.14)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v %s\n", reply.Code, reply.Data)

	_, err = conn.Do(ctx, "get", "e")
	fmt.Println(errors.Is(err, gibson.ErrNotFound))
	// Output:
	// VAL 3.14
	// true
}

func ExampleConn_Get() {
	ctx, conn, done := connect()
	defer done()

	_, err := conn.Get(ctx, "greeting")
	fmt.Println(errors.Is(err, gibson.ErrNotFound))

	if err := conn.Set(ctx, "greeting", []byte("hello"), time.Minute); err != nil {
		log.Fatal(err)
	}
	val, err := conn.Get(ctx, "greeting")
	fmt.Println(string(val), err)
	// Output:
	// true
	// hello <nil>
}

func ExampleConn_GetInto() {
	ctx, conn, done := connect()
	defer done()

	if err := conn.Set(ctx, "greeting", []byte("hello"), 0); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 0, 1024)
	for range 2 {
		var err error
		buf, err = conn.GetInto(ctx, buf[:0], "greeting")
		fmt.Println(string(buf), err)
	}
	// Output:
	// hello <nil>
	// hello <nil>
}

func ExampleConn_Value() {
	ctx, conn, done := connect()
	defer done()

	if err := conn.Set(ctx, "visits", []byte("41"), 0); err != nil {
		log.Fatal(err)
	}
	val, err := conn.Value(ctx, "visits")
	fmt.Println(val, val.IsNumber(), err)
	if _, err := conn.Inc(ctx, "visits"); err != nil {
		log.Fatal(err)
	}
	val, err = conn.Value(ctx, "visits")
	fmt.Println(val, val.IsNumber(), err)
	// Output:
	// 41 false <nil>
	// 42 true <nil>
}

func ExampleConn_GetInt() {
	ctx, conn, done := connect()
	defer done()

	if err := conn.Set(ctx, "port", []byte("10128"), 0); err != nil {
		log.Fatal(err)
	}
	n, err := conn.GetInt(ctx, "port")
	fmt.Println(n, err)
	// Output: 10128 <nil>
}

func ExampleConn_Set() {
	ctx, conn, done := connect()
	defer done()

	fmt.Println(conn.Set(ctx, "session", []byte("42"), 30*time.Minute))
	fmt.Println(conn.Set(ctx, "session", []byte("42"), gibson.Forever))
	fmt.Println(conn.Set(ctx, "my session", []byte("42"), 0))
	// Output:
	// <nil>
	// <nil>
	// gibson: SET "my session": invalid key: want at least one byte and no space
}

func ExampleConn_Delete() {
	ctx, conn, done := connect()
	defer done()

	fmt.Println(conn.Delete(ctx, "session"))
	// Output: gibson: not found
}

func ExampleConn_TTL() {
	ctx, conn, done := connect()
	defer done()

	if err := conn.Set(ctx, "session", []byte("42"), 0); err != nil {
		log.Fatal(err)
	}
	if err := conn.TTL(ctx, "session", time.Hour); err != nil {
		log.Fatal(err)
	}
	left, err := conn.MetaLeft(ctx, "session")
	fmt.Println(left, err)
	// Output: 3600 <nil>
}

func ExampleConn_Inc() {
	ctx, conn, done := connect()
	defer done()

	for range 3 {
		n, err := conn.Inc(ctx, "visits")
		fmt.Println(n, err)
	}
	n, err := conn.Dec(ctx, "visits")
	fmt.Println(n, err)
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
	// 2 <nil>
}

func ExampleConn_Lock() {
	ctx, conn, done := connect()
	defer done()

	if err := conn.Set(ctx, "config", []byte("a=1"), 0); err != nil {
		log.Fatal(err)
	}
	if err := conn.Lock(ctx, "config", time.Minute); err != nil {
		log.Fatal(err)
	}
	err := conn.Set(ctx, "config", []byte("a=2"), 0)
	fmt.Println(err, errors.Is(err, gibson.ErrLocked))
	if err := conn.Unlock(ctx, "config"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(conn.Set(ctx, "config", []byte("a=2"), 0))
	// Output:
	// gibson: SET "config": item is locked true
	// <nil>
}

func ExampleConn_MGet() {
	ctx, conn, done := connect()
	defer done()

	for i := range 5 {
		if err := conn.Set(ctx, fmt.Sprint("row:", i), []byte{byte('a' + i)}, 0); err != nil {
			log.Fatal(err)
		}
	}
	rows, err := conn.MGet(ctx, "row:", 3)
	if err != nil {
		log.Fatal(err)
	}
	for key, val := range rows {
		fmt.Println(key, val)
	}
	// Output:
	// row:0 a
	// row:1 b
	// row:2 c
}

func ExampleConn_Keys() {
	ctx, conn, done := connect()
	defer done()

	for _, key := range []string{"b:2", "a:1", "b:1"} {
		if err := conn.Set(ctx, key, []byte("v"), 0); err != nil {
			log.Fatal(err)
		}
	}
	keys, err := conn.Keys(ctx, "b:")
	if err != nil {
		log.Fatal(err)
	}
	for key := range keys {
		fmt.Println(key)
	}
	n, err := conn.Count(ctx, "c:")
	fmt.Println(n, err)
	// Output:
	// b:1
	// b:2
	// 0 <nil>
}

func ExampleConn_MTTL() {
	ctx, conn, done := connect()
	defer done()

	for _, key := range []string{"session:1", "session:2"} {
		if err := conn.Set(ctx, key, []byte("v"), 0); err != nil {
			log.Fatal(err)
		}
	}
	n, err := conn.MTTL(ctx, "session:", time.Hour)
	fmt.Println(n, err)
	n, err = conn.MSet(ctx, "session:", []byte("w")) // ends their expiry again
	fmt.Println(n, err)
	n, err = conn.MLock(ctx, "session:", gibson.Forever)
	fmt.Println(n, err)
	n, err = conn.MDelete(ctx, "session:") // but locked items stay
	fmt.Println(n, err)
	n, err = conn.MUnlock(ctx, "session:")
	fmt.Println(n, err)
	// Output:
	// 2 <nil>
	// 2 <nil>
	// 2 <nil>
	// 0 <nil>
	// 2 <nil>
}

func ExampleConn_MInc() {
	ctx, conn, done := connect()
	defer done()

	for key, val := range map[string]string{"n:a": "1", "n:b": "10", "n:c": "text"} {
		if err := conn.Set(ctx, key, []byte(val), 0); err != nil {
			log.Fatal(err)
		}
	}
	n, err := conn.MInc(ctx, "n:")
	fmt.Println(n, err)
	b, err := conn.GetInt(ctx, "n:b")
	fmt.Println(b, err)
	n, err = conn.MDec(ctx, "n:")
	fmt.Println(n, err)
	// Output:
	// 2 <nil>
	// 11 <nil>
	// 2 <nil>
}

func ExampleConn_MetaSize() {
	ctx, conn, done := connect()
	defer done()

	if err := conn.Set(ctx, "k", []byte("value"), time.Minute); err != nil {
		log.Fatal(err)
	}
	for _, meta := range []func(context.Context, string) (int64, error){
		conn.MetaSize, conn.MetaEncoding, conn.MetaTTL, conn.MetaLeft, conn.MetaLock,
	} {
		n, err := meta(ctx, "k")
		fmt.Println(n, err)
	}
	// Output:
	// 5 <nil>
	// 0 <nil>
	// 60 <nil>
	// 60 <nil>
	// 0 <nil>
}

func ExampleConn_Stats() {
	ctx, conn, done := connect()
	defer done()

	if err := conn.Set(ctx, "k", []byte("v"), 0); err != nil {
		log.Fatal(err)
	}
	stats, err := conn.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Items, stats.Clients, len(stats.Pairs))
	// Output: 1 1 27
}

func ExampleConn_End() {
	ctx, conn, done := connect()
	defer done()

	fmt.Println(conn.End(ctx))
	<-conn.Done()
	fmt.Println(conn.Ping(ctx))
	// Output:
	// <nil>
	// gibson: PING: closed
}

func ExampleEncodeCommand() {
	req, err := gibson.EncodeCommand("set", 3600, "foo", 3.14)
	fmt.Printf("%q %v\n", req, err)
	// Output: "\x0f\x00\x00\x00\x01\x003600 foo 3.14" <nil>
}

func ExampleReader() {
	var r gibson.Reader
	r.Feed([]byte("\x06\x00\x00\x03\x00\x00\x00ba")) // a value of three bytes, cut
	_, ok, err := r.Gets()
	fmt.Println(ok, err)
	r.Feed([]byte("r"))
	reply, ok, err := r.Gets()
	fmt.Printf("%s %v %v\n", reply, ok, err)
	// Output:
	// false <nil>
	// bar true <nil>
}

func ExampleConn_WithEncoding() {
	ctx, conn, done := connect()
	defer done()

	if err := conn.Set(ctx, "name", []byte("Zo\xeb"), 0); err != nil {
		log.Fatal(err)
	}
	val, err := conn.WithEncoding("iso-8859-1").Get(ctx, "name")
	fmt.Println(string(val), err)
	_, err = conn.WithEncoding("utf-8").Get(ctx, "name")
	fmt.Println(err)
	// Output:
	// Zoë <nil>
	// gibson: GET "name": text encoding: the value is not utf-8
}

func ExamplePipeline() {
	ctx, conn, done := connect()
	defer done()

	batch := conn.Pipeline()
	batch.Do("set", time.Hour, "user:42:name", "Ada")
	batch.Do("inc", "user:42:visits")
	batch.Do("get", "user:42:email")
	results, err := batch.Exec(ctx)
	if err != nil {
		log.Fatal(err) // a command was refused, or the connection is lost
	}
	for _, r := range results {
		val, _ := r.Reply.Value()
		fmt.Println(val, r.Err)
	}
	// Output:
	// Ada <nil>
	// 1 <nil>
	//  gibson: not found
}

func ExampleOptions_FromURL() {
	opts := &gibson.Options{MaxKeySize: 1 << 10}
	address, err := opts.FromURL("tcp://cache.example?read_timeout=2s&encoding=utf-8")
	fmt.Println(address, err, opts.ReadTimeout, opts.Encoding)
	// Output: tcp://cache.example <nil> 2s utf-8
}

func ExampleNewClient() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	client, err := gibson.NewClient(srv.Addr(), &gibson.ClientOptions{RetryWrites: true})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	fmt.Println(client.Ping(ctx)) // waits until there is a connection
	fmt.Println(client.Set(ctx, "greeting", []byte("hello"), time.Minute))
	val, err := client.Get(ctx, "greeting")
	fmt.Println(string(val), err)
	// Output:
	// <nil>
	// <nil>
	// hello <nil>
}

func ExampleSafeToRetry() {
	ctx, conn, done := connect()
	defer done()

	conn.Close()
	_, err := conn.Inc(ctx, "visits")
	fmt.Println(gibson.SafeToRetry(err)) // it was not sent
	// Output: true
}

func ExampleNewPool() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	ctx := context.Background()
	pool, err := gibson.NewPool(ctx, srv.Addr(), &gibson.PoolOptions{MinSize: 1, MaxSize: 5})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	fmt.Println(pool.Set(ctx, "greeting", []byte("hello"), time.Minute))

	conn, err := pool.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	val, err := conn.Get(ctx, "greeting")
	fmt.Println(string(val), err, pool.Size(), pool.FreeSize())
	fmt.Println(pool.Release(conn), pool.FreeSize())
	// Output:
	// <nil>
	// hello <nil> 1 0
	// <nil> 1
}

func ExamplePoolOf_With() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	ctx := context.Background()
	pool, err := gibson.NewPool(ctx, srv.Addr(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	err = pool.With(ctx, func(conn *gibson.Conn) error {
		return conn.Ping(ctx)
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleNewPoolOf() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	type session struct{ *gibson.Conn }
	ctx := context.Background()
	pool, err := gibson.NewPoolOf(ctx, srv.Addr(), nil, func(c *gibson.Conn) (*session, error) {
		return &session{c}, c.Ping(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	err = pool.With(ctx, func(s *session) error {
		return s.Set(ctx, "k", []byte("v"), 0)
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleNewTyped() {
	ctx, conn, done := connect()
	defer done()

	type user struct{ Name string }
	users, err := gibson.NewTyped(conn, gibson.JSON[user](), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(users.Set(ctx, "user:42", user{"Ada"}, time.Hour))
	ada, err := users.Get(ctx, "user:42")
	fmt.Println(ada.Name, err)
	// Output:
	// <nil>
	// Ada <nil>
}

func ExampleTyped_Fetch() {
	ctx, conn, done := connect()
	defer done()

	pages, err := gibson.NewTyped(conn, gibson.Raw[string](), nil)
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		page, err := pages.Fetch(ctx, "page:/", time.Minute, func(context.Context) (string, error) {
			fmt.Println("rendering")
			return "<h1>Hello</h1>", nil
		})
		fmt.Println(page, err)
	}
	// Output:
	// rendering
	// <h1>Hello</h1> <nil>
	// <h1>Hello</h1> <nil>
}

func ExampleHooks() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	ctx := context.Background()
	conn, err := gibson.Dial(ctx, srv.Addr(), &gibson.Options{Hooks: &gibson.Hooks{
		End: func(_ context.Context, e gibson.Event) {
			fmt.Println(e.Command, e.Key, e.Sent, e.Received, e.Err)
		},
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Get(ctx, "greeting")
	// Output: GET greeting 14 8 gibson: not found
}

// Hooks are joined to have a log and a trace, for instance, of the same
// commands.
func ExampleJoinHooks() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	said := func(word string) *gibson.Hooks {
		return &gibson.Hooks{End: func(_ context.Context, e gibson.Event) { fmt.Println(word, e.Command, e.Outcome()) }}
	}
	ctx := context.Background()
	conn, err := gibson.Dial(ctx, srv.Addr(), &gibson.Options{Hooks: gibson.JoinHooks(said("logged"), said("traced"))})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Get(ctx, "greeting")
	// Output:
	// traced GET not_found
	// logged GET not_found
}

// Every call over a client whose server is away says so, and the client
// connects again by itself.
func ExampleClient_Stat() {
	c, err := gibson.NewClient("/nowhere/gibson.sock", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	err = c.Ping(context.Background())
	st := c.Stat()
	fmt.Println(gibson.SafeToRetry(err), st.Open, errors.Is(st.LastError, fs.ErrNotExist))
	// Output: true 0 true
}
