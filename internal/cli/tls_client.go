package cli

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// clientTLS is what the flags of a command say about TLS with the server.
type clientTLS struct {
	ca, cert, key string // files
	serverName    string
}

// register adds the flags to a command.
func (t *clientTLS) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&t.ca, "ca", "", "for tls://, trust the certificates in this `file` in place of the system's")
	flags.StringVar(&t.cert, "cert", "", "for tls://, show the certificate in this `file`")
	flags.StringVar(&t.key, "key", "", "the `file` of its key, if that is another")
	flags.StringVar(&t.serverName, "server-name", "", "for tls://, the `name` in the server's certificate (default: the address's host)")
}

// config returns the TLS side of a connection to address, nil if no flag says
// anything about it.
func (t *clientTLS) config(address string) (*tls.Config, error) {
	if *t == (clientTLS{}) {
		return nil, nil
	}
	if !strings.HasPrefix(address, "tls://") {
		return nil, usageError("--ca, --cert, --key and --server-name are for an address that begins with tls://, not for %s", address)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.serverName}
	if t.ca != "" {
		pem, err := os.ReadFile(t.ca)
		if err != nil {
			return nil, usageError("--ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, usageError("--ca: %s holds no certificate in PEM", t.ca)
		}
	}
	switch {
	case t.cert != "":
		key := t.key
		if key == "" {
			key = t.cert
		}
		pair, err := tls.LoadX509KeyPair(t.cert, key)
		if err != nil {
			return nil, usageError("--cert %s with the key in %s: %w", t.cert, key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	case t.key != "":
		return nil, usageError("--key is the key of a certificate: want --cert too")
	}
	return c, nil
}
