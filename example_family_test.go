package gibson_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gogibson/gibson"
)

func ExampleDial_tls() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	certificate, err := tls.LoadX509KeyPair("client.crt", "client.key")
	if err != nil {
		log.Fatal(err)
	}
	conn, err := gibson.Dial(ctx, "tls://cache.example:10128", &gibson.Options{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}, // if the server asks for one
	})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
}

func ExampleConn_MSet() {
	ctx, conn, done := connect()
	defer done()

	for _, key := range []string{"flag:a", "flag:b"} {
		if err := conn.Set(ctx, key, []byte("off"), time.Hour); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(conn.MSet(ctx, "flag:", []byte("on")))
	fmt.Println(conn.MSet(ctx, "nothing:", []byte("on"))) // it makes no items
	val, err := conn.Get(ctx, "flag:a")
	fmt.Printf("%s %v\n", val, err)
	// Output:
	// 2 <nil>
	// 0 <nil>
	// on <nil>
}

func ExampleConn_MLock() {
	ctx, conn, done := connect()
	defer done()

	for _, key := range []string{"job:1", "job:2"} {
		if err := conn.Set(ctx, key, []byte("waiting"), 0); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(conn.MLock(ctx, "job:", time.Minute))
	fmt.Println(conn.MDelete(ctx, "job:")) // locked items are left alone
	fmt.Println(conn.MUnlock(ctx, "job:"))
	fmt.Println(conn.Count(ctx, "job:"))
	// Output:
	// 2 <nil>
	// 0 <nil>
	// 2 <nil>
	// 2 <nil>
}

// point has a codec of its own: two numbers of four bytes.
type point struct{ x, y int32 }

type pointCodec struct{}

func (pointCodec) Append(dst []byte, p point) ([]byte, error) {
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.x))
	return binary.BigEndian.AppendUint32(dst, uint32(p.y)), nil
}

func (pointCodec) Decode(data []byte) (point, error) {
	if len(data) != 8 {
		return point{}, fmt.Errorf("point of %d bytes, want 8", len(data))
	}
	return point{int32(binary.BigEndian.Uint32(data)), int32(binary.BigEndian.Uint32(data[4:]))}, nil
}

func ExampleCodec() {
	ctx, conn, done := connect()
	defer done()

	points, err := gibson.NewTyped(conn, pointCodec{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(points.Set(ctx, "p:1", point{3, -4}, 0))
	family, err := points.MGet(ctx, "p:", 0)
	if err != nil {
		log.Fatal(err)
	}
	for key, p := range family {
		fmt.Println(key, p.x, p.y)
	}
	// Output:
	// <nil>
	// p:1 3 -4
}

func ExampleTyped_Fetch_stale() {
	ctx, conn, done := connect()
	defer done()

	// A page is rendered again in the background when it is older than a
	// minute, and nobody waits for that. What is not there is remembered for
	// ten seconds.
	pages, err := gibson.NewTyped(conn, gibson.Raw[string](), &gibson.TypedOptions{
		StaleFor:    time.Hour,
		NegativeFor: 10 * time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer pages.Wait()
	for range 2 {
		_, err := pages.Fetch(ctx, "page:/gone", time.Minute, func(context.Context) (string, error) {
			fmt.Println("looking")
			return "", gibson.ErrNotFound
		})
		fmt.Println(errors.Is(err, gibson.ErrNotFound))
	}
	// Output:
	// looking
	// true
	// true
}
