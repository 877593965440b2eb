// Package library puts the client libraries that are compared behind one
// function: a GET by one of many goroutines.
package library

import (
	"context"
	"fmt"
)

// Get returns the value of key. It is called by one goroutine, and the value
// is used before the next call.
type Get func(ctx context.Context, key string) ([]byte, error)

// Client is a connected library, shared by any number of goroutines.
type Client interface {
	// Getter returns the function for one goroutine.
	Getter() Get
	// Close closes all connections.
	Close() error
}

// Kind is one library and the server that it is measured on.
type Kind struct {
	Name   string // short, for flags and tables
	What   string
	Server string // "Gibson", "Redis" or "memcached"
	// New connects to a unix socket, for that many goroutines.
	New func(ctx context.Context, address string, goroutines int) (Client, error)
}

// Kinds returns all libraries, ours first.
func Kinds() []Kind {
	return []Kind{
		{"gibson", "this project's client, one shared connection, Get", "Gibson", newGibson},
		{"gibson-into", "the same, GetInto", "Gibson", newGibsonInto},
		{"go-redis", "redis/go-redis v9, default pool", "Redis", newGoRedis},
		{"rueidis", "redis/rueidis, default pipelining, client-side caching off", "Redis", newRueidis},
		{"gomemcache", "bradfitz/gomemcache, an idle connection for each goroutine", "memcached", newGomemcache},
	}
}

// Find returns the kind of that name.
func Find(name string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("no library is called %q", name)
}
