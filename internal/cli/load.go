package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/server"
)

// originalFile is where the original server and its packages keep their
// configuration.
const originalFile = "/etc/gibson/gibson.conf"

// sources are where a server's configuration comes from. They stay the same
// while it runs; what they say may change.
type sources struct {
	file     string // "" is none
	optional bool   // the file need not be there
	base     string // if not empty, what relative paths in it start from
	environ  func() []string
	flags    directives
}

// settle makes all paths independent of the current directory, which is to
// change.
func (s *sources) settle() (err error) {
	if s.base, err = os.Getwd(); err == nil && s.file != "" {
		s.file, err = filepath.Abs(s.file)
	}
	return err
}

// load returns the effective configuration, or everything that is wrong.
func (s *sources) load() (*config.Config, error) {
	var file []config.Setting
	var fileErr error
	if s.file != "" {
		file, fileErr = config.ReadFile(s.file)
		if s.optional && errors.Is(fileErr, fs.ErrNotExist) {
			fileErr = nil
		}
	}
	env, envErr := config.FromEnvironment(s.environ())
	if err := errors.Join(fileErr, envErr); err != nil {
		return nil, err
	}
	c, err := config.Resolve(file, env, s.flags.settings())
	if err == nil && s.base != "" {
		for _, p := range c.Paths() {
			if *p != "" && !filepath.IsAbs(*p) {
				*p = filepath.Join(s.base, *p)
			}
		}
	}
	return c, err
}

// cacheOptions returns the part of c that is the cache's.
func cacheOptions(c *config.Config) *cache.Options {
	return &cache.Options{
		MaxMemory:    c.MaxMemory,
		MaxItemTTL:   c.MaxItemTTL,
		MaxKeySize:   c.MaxKeySize,
		MaxValueSize: c.MaxValueSize,
		Compression:  c.Compression,
		Eviction:     eviction(c.Eviction),
		GCRatio:      c.GCRatio,
		GCInterval:   c.MaxMemCron,
	}
}

// eviction returns the policy of that name. Which names there are is the
// table's to say; a test compares.
func eviction(name string) cache.Eviction {
	e := cache.Eviction(0)
	for e.String() != name && e < cache.EvictNone {
		e++
	}
	return e
}

// newServer returns a server with the part of c that is its.
func newServer(c *config.Config) *server.Server {
	return &server.Server{
		MaxClients:           c.MaxClients,
		MaxClientsPerAddress: c.MaxClientsPerAddress,
		MaxOutputMemory:      c.MaxOutputMemory,
		MaxRequestSize:       c.MaxRequestSize,
		MaxResponseSize:      c.MaxResponseSize,
		IdleTimeout:          c.IdleTimeout,
		WriteTimeout:         c.WriteTimeout,
		HandshakeTimeout:     c.TLSHandshakeTimeout,
		BusyPoll:             busyPoll(c.BusyPollMicros),
		Version:              version(),
	}
}

// busyPoll returns a server's BusyPoll for the directive's microseconds: none
// for zero, the default if they are negative.
func busyPoll(micros int) time.Duration {
	switch {
	case micros == 0:
		return -1
	case micros < 0:
		return 0
	default:
		return time.Duration(micros) * time.Microsecond
	}
}

// statusInterval is how often a running server logs its figures.
const statusInterval = 15 * time.Second
