//go:build !linux

package load

import (
	"context"
	"errors"
)

func run(context.Context, *Config) (Result, error) {
	return Result{}, errors.ErrUnsupported
}

func duplicate(int) (int, error) { return -1, errors.ErrUnsupported }
