//go:build !unix

package cli

import (
	"context"
	"errors"
	"os"
)

// notifyHandOver does nothing: there is no such signal here.
func notifyHandOver(chan<- os.Signal) {}

// inheritance returns nil: no process is a successor here.
func inheritance() (*predecessor, error) { return nil, nil }

// successor is a process that is about to take over: there is none here.
type successor struct{}

func (n *successor) kill() error { return nil }

func (d *daemon) spawn(context.Context, []*socket) (*successor, error) {
	return nil, errors.ErrUnsupported
}

func (d *daemon) give(context.Context, *successor) error { return errors.ErrUnsupported }
