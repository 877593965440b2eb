package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// Config is an effective configuration. Its fields are plain: whoever uses one
// need not know this package.
type Config struct {
	UnixSocket           string        // path
	UnixSocketMode       fs.FileMode   // permission bits
	Address              string        // host for TCP
	Port                 int           // for TCP; 0: any that is free
	AllowUnauthenticated bool          // TCP may listen beyond the loopback interface
	KeepAlive            time.Duration // max_idletime: idle time before TCP probes; 0: none are sent
	MaxClients           int           // open connections
	IdleTimeout          time.Duration // without a request, before a client is closed; 0: no bound
	WriteTimeout         time.Duration // for a client to take its replies; 0: no bound

	Daemonize       bool          // go into the background
	PIDFile         string        // path, "" for none
	ShutdownTimeout time.Duration // for connections to end by themselves
	LogFile         string        // path, "" for standard error
	LogLevel        slog.Level    // the least level that is logged
	LogFormat       string        // text or json
	LogFlushRate    int           // lines that are written at a time

	MaxMemory   int64         // bytes for items; 0: the cache's default
	Eviction    string        // what to do when they are full
	GCRatio     time.Duration // for eviction gc_ratio: age at which items go
	MaxMemCron  time.Duration // for eviction gc_ratio: time between looks
	Compression int           // bytes above which a value is compressed; -1: none is

	MaxItemTTL      time.Duration // longest life of an item
	MaxKeySize      int           // bytes
	MaxValueSize    int           // bytes
	MaxRequestSize  int           // bytes
	MaxResponseSize int           // bytes

	Admin          string   // host:port of the admin endpoint, "" for none
	AdminTokenFile string   // path, "" for none
	AdminFamilies  []string // prefixes to count
	AdminHosts     []string // names of this host
	AdminProfiles  bool     // /debug/pprof
	SlowLogMillis  int      // milliseconds from which a batch is slow
	SlowLogSize    int      // entries kept

	// Read, and otherwise ignored.
	cronPeriod  int
	expiredCron time.Duration

	sources map[string]Source // by directive; those missing are defaults
}

// Resolve puts layers of settings above the defaults, a later one above an
// earlier, and checks what directives mean together. A setting that names no
// directive or has a value that is not allowed is an error. All mistakes are
// reported, joined; each is an *Error.
func Resolve(layers ...[]Setting) (*Config, error) {
	c := &Config{sources: make(map[string]Source)}
	table := make(map[string]Directive)
	for _, d := range c.table() {
		if d.Default != "" && !d.value.set(d.Default) {
			return nil, fmt.Errorf("default of %s: %q is not %s", d.Name, d.Default, d.Allowed())
		}
		table[d.Name] = d
	}
	var errs []error
	for _, layer := range layers {
		for _, s := range layer {
			d, ok := table[s.Directive]
			if !ok {
				errs = append(errs, &Error{s.Source, unknown(s.Directive)})
				continue
			}
			if !d.value.set(s.Value) {
				errs = append(errs, &Error{s.Source, d.complaint(s.Value)})
				continue
			}
			c.sources[d.Name] = s.Source
		}
	}
	if len(errs) == 0 {
		errs = append(errs, c.conflicts()...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// Source returns where the value of a directive was given.
func (c *Config) Source(directive string) Source { return c.sources[directive] }

// named reports whether a directive was given anywhere.
func (c *Config) named(directive string) bool { return c.Source(directive).Kind != Default }

// Listeners returns which kinds of listener are to be opened: both, unless
// one of them was named.
func (c *Config) Listeners() (unix, tcp bool) {
	unix = c.named("unix_socket")
	tcp = c.named("address") || c.named("port")
	if !unix && !tcp {
		return true, true
	}
	return unix, tcp
}

// Loopback reports whether Address can only be reached from this machine. Of
// host names only localhost is believed to be.
func (c *Config) Loopback() bool { return loopback(c.Address) }

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// conflicts returns what is wrong with directives that are right by
// themselves.
func (c *Config) conflicts() []error {
	var errs []error
	refuse := func(directive, value, can string) {
		errs = append(errs, &Error{c.Source(directive), fmt.Sprintf(
			"%s is %q, which other machines may reach, and clients need no password: "+
				`write "allow_unauthenticated yes" if everyone who can reach it may %s, or use 127.0.0.1`,
			directive, value, can)})
	}
	if c.AllowUnauthenticated {
		return nil
	}
	if _, tcp := c.Listeners(); tcp && !c.Loopback() {
		refuse("address", c.Address, "read and change everything")
	}
	if host, _, err := net.SplitHostPort(c.Admin); err == nil && !loopback(host) {
		refuse("admin", c.Admin, "read figures, addresses and keys")
	}
	return errs
}

// Warnings returns sentences about what is allowed but can hardly be meant.
func (c *Config) Warnings() []string {
	var w []string
	if c.MaxValueSize > c.MaxRequestSize {
		w = append(w, fmt.Sprintf("max_value_size is %s, but no value above max_request_size, %s, can arrive",
			FormatSize(int64(c.MaxValueSize)), FormatSize(int64(c.MaxRequestSize))))
	}
	if c.Daemonize && c.LogFile == "" {
		w = append(w, "daemonize without logfile: nothing will be logged once the server runs")
	}
	return w
}

// Settings returns every directive with its effective value, in the order of
// the table. A value is empty if there is none.
func (c *Config) Settings() []Setting {
	var all []Setting
	for _, d := range c.table() {
		all = append(all, Setting{d.Name, d.value.text(), c.Source(d.Name)})
	}
	return all
}

// Reload takes over from next those directives that are reloadable. It returns
// what has changed that way, and what has changed and was not taken over, with
// next's values and sources.
func (c *Config) Reload(next *Config) (changed, restart []Setting) {
	table, settings := c.table(), next.Settings()
	for i, s := range settings {
		d := table[i]
		switch {
		case d.value.text() == s.Value:
		case !d.Reloadable:
			restart = append(restart, s)
		default:
			// What next holds is allowed, and only a path may be missing.
			if p, ok := d.value.(path); ok {
				*p.s = s.Value
			} else {
				d.value.set(s.Value)
			}
			c.sources[d.Name] = s.Source
			changed = append(changed, s)
		}
	}
	return changed, restart
}
