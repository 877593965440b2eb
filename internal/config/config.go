package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Config is an effective configuration. Its fields are plain: whoever uses one
// need not know this package.
type Config struct {
	UnixSocket           string        // path
	UnixSocketMode       fs.FileMode   // permission bits
	Address              string        // host for TCP
	Port                 int           // for TCP; 0: any that is free
	Listen               []Listener    // more addresses
	AllowUnauthenticated bool          // TCP may listen beyond the loopback interface without knowing clients
	KeepAlive            time.Duration // max_idletime: idle time before TCP probes; 0: none are sent
	MaxClients           int           // open connections
	MaxClientsPerAddress int           // open connections from one IP address; 0: no limit
	MaxOutputMemory      int64         // bytes of replies that clients have not read; 0: a share of MaxMemory
	IdleTimeout          time.Duration // without a request, before a client is closed; 0: no bound
	WriteTimeout         time.Duration // for a client to take its replies; 0: no bound
	BusyPollMicros       int           // microseconds that the server looks for a request before it sleeps; 0: none, -1: the default

	TLSCerts            []string      // files with certificates, for listeners of the network tls
	TLSKeys             []string      // files with their keys, none if these are with the certificates: see TLSKey
	TLSClientCA         string        // file with the authorities of clients, "" for none: see TLSClients
	TLSClientNames      []string      // clients that may come, none for all
	TLSHandshakeTimeout time.Duration // for a client to finish its handshake

	Daemonize       bool          // go into the background
	PIDFile         string        // path, "" for none
	ShutdownTimeout time.Duration // for connections to end by themselves
	LogFile         string        // path, "" for standard error
	LogLevel        slog.Level    // the least level that is logged
	LogFormat       string        // text or json
	LogFlushRate    int           // lines that are written at a time

	MaxMemory   int64         // bytes for the whole server; 0: the cache's default
	Eviction    string        // what to do when they are full
	GCRatio     time.Duration // for eviction gc_ratio: age at which items go
	MaxMemCron  time.Duration // for eviction gc_ratio: time between looks
	Compression int           // bytes above which a value is compressed; -1: none is

	MaxItemTTL      time.Duration // longest life of an item
	MaxKeySize      int           // bytes
	MaxValueSize    int           // bytes
	MaxRequestSize  int           // bytes
	MaxResponseSize int           // bytes

	Snapshot         string        // path, "" for none
	SnapshotInterval time.Duration // between snapshots; 0: none but at the end and on demand

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
	again   []string          // what was given more than once in a file, as warnings
}

// Resolve puts layers of settings above the defaults, a later one above an
// earlier, and checks what directives mean together. Within a layer too the
// last setting of a directive counts, but those of a repeatable one add up. A setting that names no
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
		seen := make(map[string]Setting)
		for _, s := range layer {
			d, ok := table[s.Directive]
			if !ok {
				errs = append(errs, &Error{s.Source, unknown(s.Directive)})
				continue
			}
			before, again := seen[d.Name]
			text := s.Value
			if again && d.Repeatable() {
				text = before.Value + " " + text
			}
			earlier := c.Listen
			if !d.value.set(text) {
				errs = append(errs, &Error{s.Source, d.complaint(s.Value)})
				continue
			}
			if d.Repeatable() {
				if !again {
					earlier = nil
				}
				c.placeListeners(earlier, s.Source)
			} else if again && s.Source.Kind == File {
				c.again = append(c.again, fmt.Sprintf("%s: %s is given again: this overrides line %d", s.Source, d.Name, before.Source.Line))
			}
			seen[d.Name] = Setting{d.Name, text, s.Source}
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

// placeListeners notes where the listeners come from: the first are the earlier
// ones again, the others come from src.
func (c *Config) placeListeners(earlier []Listener, src Source) {
	for i := range c.Listen {
		if i < len(earlier) {
			c.Listen[i].source = earlier[i].source
		} else {
			c.Listen[i].source = src
		}
	}
}

// Source returns where the value of a directive was given.
func (c *Config) Source(directive string) Source { return c.sources[directive] }

// named reports whether a directive was given anywhere.
func (c *Config) named(directive string) bool { return c.Source(directive).Kind != Default }

// Listeners returns which of the two listeners are to be opened that have
// defaults: both, unless one of them or another was named.
func (c *Config) Listeners() (unix, tcp bool) {
	unix = c.named("unix_socket")
	tcp = c.named("address") || c.named("port")
	if !unix && !tcp && len(c.Listen) == 0 {
		return true, true
	}
	return unix, tcp
}

// Public returns the addresses that other machines may reach and that let in
// whoever comes.
func (c *Config) Public() []string {
	var all []string
	if _, tcp := c.Listeners(); tcp && !c.Loopback() {
		all = append(all, c.Address)
	}
	for _, l := range c.Listen {
		if c.isPublic(l) {
			all = append(all, l.Address)
		}
	}
	return all
}

// isPublic reports whether Public has the address of l.
func (c *Config) isPublic(l Listener) bool {
	if l.Network == "unix" {
		return false
	}
	host, _, err := net.SplitHostPort(l.Address)
	ca, _ := c.TLSClients(l)
	return err == nil && !loopback(host) && (l.Network == "tcp" || ca == "")
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
	errs := c.tlsConflicts()
	if c.AllowUnauthenticated {
		return errs
	}
	refuse := func(src Source, directive, value, can, instead string) {
		errs = append(errs, &Error{src, fmt.Sprintf(
			"%s is %q, which other machines may reach, and clients need no password: "+
				`write "allow_unauthenticated yes" if everyone who can reach it may %s%s, or use 127.0.0.1`,
			directive, value, can, instead)})
	}
	const everything = "read and change everything"
	if _, tcp := c.Listeners(); tcp && !c.Loopback() {
		refuse(c.Source("address"), "address", c.Address, everything,
			fmt.Sprintf(`, "listen tls://%s" with tls_cert and tls_client_ca if only clients with a certificate may`, net.JoinHostPort(c.Address, strconv.Itoa(c.Port))))
	}
	for _, l := range c.Listen {
		switch {
		case !c.isPublic(l):
		case l.Network == "tcp":
			refuse(l.source, "listen", l.text, everything, ", tls in place of tcp with tls_cert and tls_client_ca if only clients with a certificate may")
		default:
			refuse(l.source, "listen", l.text, everything, ", tls_client_ca if only clients with a certificate may")
		}
	}
	if host, _, err := net.SplitHostPort(c.Admin); err == nil && !loopback(host) {
		refuse(c.Source("admin"), "admin", c.Admin, "read figures, addresses and keys", "")
	}
	return errs
}

// tlsConflicts returns what is wrong with listeners and files of TLS.
func (c *Config) tlsConflicts() []error {
	var errs []error
	complain := func(src Source, format string, args ...any) {
		errs = append(errs, &Error{src, fmt.Sprintf(format, args...)})
	}
	if n, want := len(c.TLSKeys), len(c.TLSCerts); n > 0 && n != want {
		complain(c.Source("tls_key"), "tls_key names %d files and tls_cert %d: want the key of each certificate, in the same order, or no tls_key if they are in the same files", n, want)
	}
	for _, l := range c.Listen {
		if l.Network != "tls" {
			continue
		}
		if len(c.TLSCerts) == 0 {
			complain(l.source, "listen is %q, which needs a certificate: want tls_cert, and tls_key if the key is in a file of its own", l.text)
		}
		if ca, names := c.TLSClients(l); ca == "" && len(names) > 0 {
			complain(l.source, "listen is %q, to which only some clients may come, but they need no certificate: want tls_client_ca as well", l.text)
		}
	}
	return errs
}

// Warnings returns sentences about what is allowed but can hardly be meant.
func (c *Config) Warnings() []string {
	w := slices.Clone(c.again)
	if len(c.TLSCerts) > 0 && !c.usesTLS() {
		w = append(w, "tls_cert is there, but nothing listens with TLS: write listen tls://HOST:PORT")
	}
	if c.MaxValueSize > c.MaxRequestSize {
		w = append(w, fmt.Sprintf("max_value_size is %s, but no value above max_request_size, %s, can arrive",
			FormatSize(int64(c.MaxValueSize)), FormatSize(int64(c.MaxRequestSize))))
	}
	if c.Daemonize && c.LogFile == "" {
		w = append(w, "daemonize without logfile: nothing will be logged once the server runs")
	}
	return w
}

// Paths returns the fields that hold the names of files, so that they can be
// made absolute. Empty ones are of files that were not given.
func (c *Config) Paths() []*string {
	paths := []*string{&c.UnixSocket, &c.PIDFile, &c.LogFile, &c.Snapshot, &c.AdminTokenFile, &c.TLSClientCA}
	for i := range c.TLSCerts {
		paths = append(paths, &c.TLSCerts[i])
	}
	for i := range c.TLSKeys {
		paths = append(paths, &c.TLSKeys[i])
	}
	for i := range c.Listen {
		if l := &c.Listen[i]; l.ClientCA != "off" {
			paths = append(paths, &l.ClientCA)
		}
	}
	return paths
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

// SameListeners reports whether listen says the same in both. If not, Reload
// leaves the directives of TLS alone: who may come to listeners that stay until
// a restart is not for a configuration to say that has others.
func (c *Config) SameListeners(next *Config) bool {
	return listeners{list: &c.Listen}.text() == listeners{list: &next.Listen}.text()
}

// KeepTLS gives the directives about the files of TLS the values that they have
// in old.
func (c *Config) KeepTLS(old *Config) {
	c.TLSCerts, c.TLSKeys, c.TLSClientCA, c.TLSClientNames = old.TLSCerts, old.TLSKeys, old.TLSClientCA, old.TLSClientNames
	for _, name := range []string{"tls_cert", "tls_key", "tls_client_ca", "tls_client_names"} {
		c.sources[name] = old.Source(name)
	}
}

// Reload takes over from next those directives that are reloadable, without
// those that are to keep their value until a restart. It returns
// what has changed that way, and what has changed and was not taken over, with
// next's values and sources.
func (c *Config) Reload(next *Config, keep ...string) (changed, restart []Setting) {
	table, settings, values := c.table(), next.Settings(), next.table()
	for i, s := range settings {
		d := table[i]
		switch {
		case d.value.text() == s.Value:
		case !d.Reloadable || slices.Contains(keep, d.Name) || d.Section == TLS && !c.SameListeners(next):
			restart = append(restart, s)
		default:
			// What next holds is allowed, but only paths and lists may be missing.
			switch v := d.value.(type) {
			case path:
				*v.s = s.Value
			case list:
				*v.words = *values[i].value.(list).words
			default:
				v.set(s.Value)
			}
			c.sources[d.Name] = s.Source
			changed = append(changed, s)
		}
	}
	return changed, restart
}
