// Command pipeline sends many commands at once and reads their replies
// afterwards: one way to the server and back instead of many.
//
//	go run ./examples/pipeline
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

	batch := conn.Pipeline()
	for i := range 1000 {
		batch.Do("set", time.Minute, fmt.Sprintf("square:%d", i), i*i)
	}
	batch.Do("get", "square:12")
	batch.Do("get", "cube:12")
	batch.Do("count", "square:")

	// The error is for what kept commands from being answered. What the server
	// says of one command is in its result.
	results, err := batch.Exec(ctx)
	if err != nil {
		return err
	}
	for _, r := range results[1000:] {
		val, _ := r.Reply.Value()
		fmt.Println(val, r.Err)
	}
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
