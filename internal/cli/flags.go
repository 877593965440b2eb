package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
)

// sizeFlag is a flag that is a number of bytes with a unit, at least 1: zero
// stands for the default in the options of cache and server, so a zero that
// somebody typed must not get there. It holds an int or an int64.
type sizeFlag[T int | int64] struct{ n *T }

// Set parses s as pflag.Value asks.
func (f sizeFlag[T]) Set(s string) error {
	n, err := config.ParseSize(s)
	switch {
	case err != nil:
		return err
	case n == 0:
		return errors.New("want at least 1")
	case int64(T(n)) != n:
		return fmt.Errorf("want at most %d", math.MaxInt)
	}
	*f.n = T(n)
	return nil
}

// String returns nothing for zero, so that the help shows no default: the
// default's name is part of the flag's text.
func (f sizeFlag[T]) String() string {
	if f.n == nil || *f.n == 0 {
		return ""
	}
	return config.FormatSize(int64(*f.n))
}

// Type names the type in help texts.
func (f sizeFlag[T]) Type() string { return "size" }

// offSize is a sizeFlag that may also be off, which the options of the cache
// write as -1.
type offSize struct{ sizeFlag[int] }

// Set parses s as pflag.Value asks.
func (f offSize) Set(s string) error {
	if s == "off" {
		*f.n = -1
		return nil
	}
	return f.sizeFlag.Set(s)
}

func (f offSize) String() string {
	if f.n != nil && *f.n == -1 {
		return "off"
	}
	return f.sizeFlag.String()
}

// durationFlag is a flag that is a duration with a unit of whole seconds, at
// least one.
type durationFlag struct{ d *time.Duration }

// Set parses s as pflag.Value asks.
func (f durationFlag) Set(s string) error {
	d, err := config.ParseDuration(s)
	if err == nil && d == 0 {
		err = errors.New("want at least 1s")
	}
	if err == nil {
		*f.d = d
	}
	return err
}

// String returns nothing for zero, as that of sizeFlag.
func (f durationFlag) String() string {
	if f.d == nil || *f.d == 0 {
		return ""
	}
	return config.FormatDuration(*f.d)
}

// Type names the type in help texts.
func (f durationFlag) Type() string { return "duration" }

// countFlag is a flag that is a number of things, at least one.
type countFlag struct{ n *int }

// Set parses s as pflag.Value asks.
func (f countFlag) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return errors.New("want a whole number of at least 1")
	}
	*f.n = n
	return nil
}

// String returns nothing for zero, as that of sizeFlag.
func (f countFlag) String() string {
	if f.n == nil || *f.n == 0 {
		return ""
	}
	return strconv.Itoa(*f.n)
}

// Type names the type in help texts.
func (f countFlag) Type() string { return "number" }

// evictionFlag is a flag that names one of the cache's ways to deal with its
// memory limit.
type evictionFlag cache.Eviction

// Set parses s as pflag.Value asks.
func (f *evictionFlag) Set(s string) error {
	for _, e := range []cache.Eviction{cache.EvictGCRatio, cache.EvictNone} {
		if s == e.String() {
			*f = evictionFlag(e)
			return nil
		}
	}
	return errors.New("want gc_ratio or none")
}

func (f *evictionFlag) String() string { return cache.Eviction(*f).String() }

// Type names the type in help texts.
func (f *evictionFlag) Type() string { return "policy" }
