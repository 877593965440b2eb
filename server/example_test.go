package server_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// A server on a unix socket and on TCP, used by a client, and stopped.
func Example() {
	dir, err := os.MkdirTemp("", "gibson")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	c, err := cache.New(&cache.Options{MaxMemory: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	srv := &server.Server{Cache: c, MaxClients: 100}

	socket, err := server.ListenUnix(filepath.Join(dir, "gibson.sock"))
	if err != nil {
		log.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	for _, l := range []net.Listener{socket, tcp} {
		go func() { ended <- srv.Serve(l) }()
	}

	ctx := context.Background()
	conn, err := gibson.Dial(ctx, socket.Addr().String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	n, err := conn.Inc(ctx, "visits")
	fmt.Println(n, err)
	if err := conn.Close(); err != nil {
		log.Fatal(err)
	}

	fmt.Println(srv.Shutdown(ctx))
	for range 2 {
		fmt.Println(errors.Is(<-ended, server.ErrServerClosed))
	}
	// Output:
	// 1 <nil>
	// <nil>
	// true
	// true
}

// ServeConn serves a connection from wherever it comes, here one in memory.
func ExampleServer_ServeConn() {
	c, err := cache.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	srv := &server.Server{Cache: c}

	ours, theirs := net.Pipe()
	done := make(chan error)
	go func() { done <- srv.ServeConn(theirs) }()

	ping := []byte{2, 0, 0, 0, 19, 0}
	if _, err := ours.Write(ping); err != nil {
		log.Fatal(err)
	}
	reply := make([]byte, 8)
	if _, err := ours.Read(reply); err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply)
	if err := ours.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-done)
	// Output:
	// [5 0 0 1 0 0 0 0]
	// <nil>
}

// ListenUnix replaces the socket that a killed server has left, and refuses to
// touch anything else.
func ExampleListenUnix() {
	dir, err := os.MkdirTemp("", "gibson")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "gibson.sock")

	l, err := server.ListenUnix(path)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	info, err := os.Stat(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Mode())
	_, err = server.ListenUnix(path)
	fmt.Println("a second server:", errors.Unwrap(err))
	// Output:
	// Srwx------
	// a second server: there is a server that accepts on it
}
