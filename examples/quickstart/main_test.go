package main

import (
	"context"
	"fmt"
	"os"
)

func Example() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// hello, Ada
	// user:42:cart = 3 books
	// user:42:mail = ada@example.com
	// user:42:name = Ada
	// deleted 3
	// user 42 is forgotten
	// 1 key is left
}
