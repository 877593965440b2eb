// Command connection sends commands by name over one connection. Whatever the
// protocol has can be said that way, with arguments of any kind.
//
//	go run ./examples/connection
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

func main() {
	address, stop, err := serve()
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), address)
	if err := errors.Join(err, stop()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address string) error {
	conn, err := gibson.Dial(ctx, address, nil)
	if err != nil {
		return err
	}
	defer conn.Close()

	// Arguments are bytes, text, numbers and durations.
	if _, err := conn.Do(ctx, "set", time.Hour, "circle:pi", 3.14); err != nil {
		return err
	}
	if _, err := conn.Do(ctx, "set", time.Hour, "circle:corners", 0); err != nil {
		return err
	}
	reply, err := conn.Do(ctx, "get", "circle:pi")
	if err != nil {
		return err
	}
	fmt.Printf("%v %s\n", reply.Code, reply.Data)

	// The reply says what it is; it is read by one of its methods.
	reply, err = conn.Do(ctx, "mget", "circle:")
	if err != nil {
		return err
	}
	for key, val := range reply.Pairs() {
		fmt.Printf("%v %s = %s\n", reply.Code, key, val)
	}

	// A refusal is an error. The connection goes on.
	_, err = conn.Do(ctx, "get", "circle:radius")
	fmt.Println(err, errors.Is(err, gibson.ErrNotFound))
	_, err = conn.Do(ctx, "inc", "circle:pi")
	fmt.Println(err, errors.Is(err, gibson.ErrNotANumber))
	return nil
}

// serve starts a server within this program. One of your own needs only the
// address of a server that runs.
func serve() (address string, stop func() error, err error) {
	c, err := cache.New(nil)
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, c.Close())
	}
	srv := &server.Server{Cache: c}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	return l.Addr().String(), func() error {
		err := srv.Close()
		<-served
		return errors.Join(err, c.Close())
	}, nil
}
