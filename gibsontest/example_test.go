package gibsontest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/gibsontest"
)

// In a test, NewServer cleans up after itself.
func ExampleNewServer() {
	_ = func(t *testing.T) { // func TestSession(t *testing.T)
		srv := gibsontest.NewServer(t)
		conn, err := gibson.Dial(t.Context(), srv.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()

		if err := conn.Set(t.Context(), "session:42", []byte("Ada"), 30*time.Minute); err != nil {
			t.Fatal(err)
		}
		srv.Advance(30 * time.Minute)
		if _, err := conn.Get(t.Context(), "session:42"); !errors.Is(err, gibson.ErrNotFound) {
			t.Errorf("the session outlives its half hour: %v", err)
		}
	}
}

func ExampleStart() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	ctx := context.Background()
	conn, err := gibson.Dial(ctx, srv.Addr(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Set(ctx, "greeting", []byte("hello"), time.Minute); err != nil {
		log.Fatal(err)
	}

	srv.Advance(59 * time.Second)
	val, err := conn.Get(ctx, "greeting")
	fmt.Printf("%s, %v\n", val, err)

	srv.Advance(time.Second)
	_, err = conn.Get(ctx, "greeting")
	fmt.Println(errors.Is(err, gibson.ErrNotFound))
	// Output:
	// hello, <nil>
	// true
}
