// Command pool lends connections to workers, one to each at a time. That is
// for those who need a connection to themselves; goroutines that can share
// connections are served better by a Client.
//
//	go run ./examples/pool
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"

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
	pool, err := gibson.NewPool(ctx, address, &gibson.PoolOptions{MinSize: 1, MaxSize: 3})
	if err != nil {
		return err
	}
	defer pool.Close()

	// Ten workers, three connections: With waits for one to be free, and
	// gives it back whatever happens.
	const workers = 10
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			errs[i] = pool.With(ctx, func(conn *gibson.Conn) error {
				_, err := conn.Inc(ctx, "jobs:done")
				return err
			})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}

	// For one command the pool has the methods of a connection.
	done, err := pool.GetInt(ctx, "jobs:done")
	if err != nil {
		return err
	}
	fmt.Println("jobs done:", done)
	fmt.Println("at most three connections:", pool.Size() <= 3)
	fmt.Println("all of them free:", pool.FreeSize() == pool.Size())
	return nil
}
