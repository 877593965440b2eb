//go:build !linux

package noise

import "errors"

// Start needs Linux's scheduling calls.
func Start() (*Watch, error) { return nil, errors.ErrUnsupported }
