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
