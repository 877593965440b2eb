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
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/examples/internal/local"
)

func main() {
	address, stop, err := local.Serve()
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
