//go:build !unix

package cli

import (
	"context"
	"errors"
	"io"
)

// background is a process in the background: there is none here.
type background struct{}

func inBackground() (*background, error) { return nil, nil }

func (b *background) settle() error { return nil }

// detach fails: daemonize means nothing to this system.
func detach(context.Context, []string, io.Writer) error {
	return serverError(errors.New("daemonize: not on this system, want daemonize no"))
}
