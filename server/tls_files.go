package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
)

// TLSPair names the PEM files of a certificate, followed by those that it is
// signed with, and of its private key. Both may be in one file.
type TLSPair struct{ Certificate, Key string }

// TLSFiles are what a listener for TLS 1.2 and later is configured with.
type TLSFiles struct {
	// Certificates are the server's, at least one. A client that asks for a
	// name gets the first that has it, any other client the first.
	Certificates []TLSPair
	// ClientCA is a PEM file with the certificates of the authorities that a
	// client's must be signed by. If empty, clients need none.
	ClientCA string
	// ClientNames are the clients that may come: a client's certificate must
	// have one of these as a DNS name, an e-mail address, an IP address, a URI
	// or its common name, compared without regard to case. If empty, every
	// certificate that ClientCA allows will do; otherwise ClientCA is required.
	ClientNames []string
}

// Load reads the files. It fails if one cannot be read or used, and says which
// and why.
func (f TLSFiles) Load() (*tls.Config, error) {
	if len(f.Certificates) == 0 {
		return nil, errors.New("gibson: server: TLS without a certificate, want at least one with its key")
	}
	if len(f.ClientNames) > 0 && f.ClientCA == "" {
		return nil, errors.New("gibson: server: TLS with client names but no client CA: nobody would vouch for the names")
	}
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		// A ticket would let a client in by what was true when it was made.
		SessionTicketsDisabled: true,
	}
	for _, p := range f.Certificates {
		cert, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		if err != nil {
			return nil, fmt.Errorf("gibson: server: TLS certificate %s with key %s: %w", p.Certificate, p.Key, err)
		}
		c.Certificates = append(c.Certificates, cert)
	}
	if f.ClientCA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(f.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("gibson: server: TLS client CA: %w", err)
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("gibson: server: TLS client CA %s: no certificate in it, want PEM", f.ClientCA)
	}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	if names := slices.Clone(f.ClientNames); len(names) > 0 {
		c.VerifyConnection = func(state tls.ConnectionState) error { return checkName(state, names) }
	}
	return c, nil
}

// ClientNameError is why a client with a good certificate is refused.
type ClientNameError struct {
	Names []string // those in its certificate
}

// Error says which names the client has.
func (e *ClientNameError) Error() string {
	return fmt.Sprintf("gibson: server: the certificate is for %q, want one of the allowed client names", e.Names)
}

// checkName returns a *ClientNameError if the client's certificate has none of
// the names.
func checkName(state tls.ConnectionState, allowed []string) error {
	if len(state.PeerCertificates) == 0 {
		return &ClientNameError{}
	}
	has := certificateNames(state.PeerCertificates[0])
	for _, name := range has {
		if slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, name) }) {
			return nil
		}
	}
	return &ClientNameError{has}
}

// certificateNames returns all names of the certificate's owner.
func certificateNames(c *x509.Certificate) []string {
	names := slices.Concat(c.DNSNames, c.EmailAddresses)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	for _, u := range c.URIs {
		names = append(names, u.String())
	}
	if c.Subject.CommonName != "" {
		names = append(names, c.Subject.CommonName)
	}
	return names
}

// TLS is a configuration that listeners use and that can be replaced
// meanwhile. The zero value refuses everybody. All methods are safe for
// concurrent use.
type TLS struct{ current atomic.Pointer[tls.Config] }

// errNoTLS is what handshakes end with before Use.
var errNoTLS = errors.New("gibson: server: TLS is not configured")

// Use makes the handshakes that begin from now on use c, which must not be
// changed afterwards. Connections that are there go on.
func (t *TLS) Use(c *tls.Config) { t.current.Store(c) }

// Listener returns a listener whose connections are TLS over those of l. Serve
// does their handshakes.
func (t *TLS) Listener(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if c := t.current.Load(); c != nil {
				return c, nil
			}
			return nil, errNoTLS
		},
	})
}
