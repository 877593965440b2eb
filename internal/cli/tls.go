package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/server"
)

// tlsListener is a listener whose connections are TLS.
type tlsListener struct {
	net.Listener
	socket net.Listener // below it
	spec   config.Listener
	side   *server.TLS
}

// withTLS returns a listener for TLS over the connections of l, which it
// closes if it cannot.
func withTLS(l net.Listener, c *config.Config, spec config.Listener) (net.Listener, error) {
	files, err := tlsConfig(c, spec)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	side := new(server.TLS)
	side.Use(files)
	return &tlsListener{side.Listener(l), l, spec, side}, nil
}

// tlsConfig reads the files that c names for a listener.
func tlsConfig(c *config.Config, spec config.Listener) (*tls.Config, error) {
	var files server.TLSFiles
	for i, name := range c.TLSCerts {
		files.Certificates = append(files.Certificates, server.TLSPair{Certificate: name, Key: c.TLSKey(i)})
	}
	files.ClientCA, files.ClientNames = c.TLSClients(spec)
	return files.Load()
}

// checkTLS reads all files that are needed for TLS, and returns what is wrong.
func checkTLS(c *config.Config) error {
	for _, spec := range c.Listen {
		if spec.Network != "tls" {
			continue
		}
		if _, err := tlsConfig(c, spec); err != nil {
			return fmt.Errorf("listen %s: %w", spec, err)
		}
	}
	return nil
}

// networkOf returns the network of l, as the log names it.
func networkOf(l net.Listener) string {
	if _, ok := l.(*tlsListener); ok {
		return "tls"
	}
	return l.Addr().Network()
}

// reloadTLS reads the files of TLS again and has all listeners use what is in
// them. Connections stay. If a file cannot be used, everything that is about
// TLS stays as it was, and next is made to say so.
func (d *daemon) reloadTLS(next *config.Config) {
	from := next
	if !d.config.SameListeners(next) {
		from = d.config // as Reload has it
	}
	var configs []*tls.Config
	for _, l := range d.tls {
		c, err := tlsConfig(from, l.spec)
		if err != nil {
			d.log.Error("the files of TLS are not reloaded, the certificates stay as they were", "listener", l.spec.String(), "err", err)
			next.KeepTLS(d.config)
			return
		}
		configs = append(configs, c)
	}
	for i, l := range d.tls {
		l.side.Use(configs[i])
	}
	if len(configs) > 0 {
		d.logCertificates(from, configs[0])
	}
}

// expirySoon is how long before a certificate is over the log begins to warn.
const expirySoon = 14 * 24 * time.Hour

// othersRead is the right of every user to read a file.
const othersRead = 0o004

// logCertificates logs the certificates that new handshakes see, which have
// been read from the files that from names. All listeners have the same. The
// first end is among the figures.
func (d *daemon) logCertificates(from *config.Config, c *tls.Config) {
	for i := range from.TLSCerts {
		key := from.TLSKey(i)
		// Windows has no such mode, and os makes one up.
		if info, err := os.Stat(key); err == nil && info.Mode()&othersRead != 0 && runtime.GOOS != "windows" {
			d.log.Warn("every user of this machine can read the private key: want mode 0600 or 0640", "file", key)
		}
	}
	first := int64(math.MaxInt64)
	defer func() { d.expires.Store(first) }()
	for _, cert := range c.Certificates {
		leaf := cert.Leaf
		first = min(first, leaf.NotAfter.Unix())
		attrs := []any{"subject", leaf.Subject.String(), "names", leaf.DNSNames, "until", leaf.NotAfter.UTC().Format(time.RFC3339)}
		switch left := time.Until(leaf.NotAfter); {
		case left <= 0:
			d.log.Error("the TLS certificate has expired: clients will refuse it", attrs...)
		case left < expirySoon:
			d.log.Warn("the TLS certificate expires soon", attrs...)
		default:
			d.log.Info("TLS certificate", attrs...)
		}
	}
}

// tlsAmong returns the listeners for TLS.
func tlsAmong(all []net.Listener) (found []*tlsListener) {
	for _, l := range all {
		if t, ok := l.(*tlsListener); ok {
			found = append(found, t)
		}
	}
	return found
}
