// Command quickstart starts a server inside the program, connects to it and
// shows what a family of keys is good for. It needs nothing to be installed
// or running:
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run starts a server on a free port, talks to it and stops it.
func run(ctx context.Context, out io.Writer) error {
	c, err := cache.New(nil) // nil: the defaults
	if err != nil {
		return err
	}
	defer c.Close()
	srv := &server.Server{Cache: c}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()

	err = talk(ctx, l.Addr().String(), out)
	err = errors.Join(err, srv.Shutdown(ctx))
	if e := <-served; !errors.Is(e, server.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// talk is what a program does that uses a server which runs elsewhere.
func talk(ctx context.Context, address string, out io.Writer) error {
	conn, err := gibson.Dial(ctx, address, nil)
	if err != nil {
		return err
	}
	defer conn.Close()

	// Two users. What belongs to one begins with the same bytes.
	for key, val := range map[string]string{
		"user:42:name": "Ada", "user:42:mail": "ada@example.com", "user:42:cart": "3 books",
		"user:77:name": "Grace",
	} {
		if err := conn.Set(ctx, key, []byte(val), time.Hour); err != nil {
			return err
		}
	}
	name, err := conn.Get(ctx, "user:42:name")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "hello, %s\n", name)

	// Read a family, in the order of its keys.
	items, err := conn.MGet(ctx, "user:42:", 0) // 0: no limit
	if err != nil {
		return err
	}
	for key, val := range items {
		fmt.Fprintf(out, "%s = %s\n", key, val)
	}

	// Delete it, in one step: nobody sees half of it gone.
	n, err := conn.MDelete(ctx, "user:42:")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "deleted %d\n", n)
	if _, err := conn.Get(ctx, "user:42:name"); errors.Is(err, gibson.ErrNotFound) {
		fmt.Fprintln(out, "user 42 is forgotten")
	}
	n, err = conn.Count(ctx, "user:")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d key is left\n", n)
	return nil
}
