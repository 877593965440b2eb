// Command commands calls the methods of a Client: one for each command, with
// Go types for arguments and results.
//
//	go run ./examples/commands
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
	client, err := gibson.NewClient(address, nil)
	if err != nil {
		return err
	}
	defer client.Close()

	// One key.
	if err := client.Set(ctx, "user:42:name", []byte("Ada"), time.Hour); err != nil {
		return err
	}
	name, err := client.Get(ctx, "user:42:name")
	if err != nil {
		return err
	}
	left, err := client.MetaLeft(ctx, "user:42:name")
	if err != nil {
		return err
	}
	fmt.Printf("%s lives on for more than %d minutes\n", name, (left-1)/60)

	// A number.
	for range 2 {
		if _, err := client.Inc(ctx, "user:42:visits"); err != nil {
			return err
		}
	}
	visits, err := client.GetInt(ctx, "user:42:visits")
	if err != nil {
		return err
	}
	fmt.Println("visits:", visits)

	// Every key that begins with a prefix, in one request.
	keys, err := client.Keys(ctx, "user:42:")
	if err != nil {
		return err
	}
	for key := range keys {
		fmt.Println("key:", key)
	}
	n, err := client.MTTL(ctx, "user:42:", 10*time.Minute)
	if err != nil {
		return err
	}
	fmt.Println("given ten minutes:", n)

	// The server itself.
	stats, err := client.Stats(ctx)
	if err != nil {
		return err
	}
	fmt.Println("items:", stats.Items)
	return nil
}
