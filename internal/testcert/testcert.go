// Package testcert makes certificates for tests.
package testcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates. Its own is in File.
type Authority struct {
	File string // PEM
	Pool *x509.CertPool

	dir    string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	serial int64
}

// New returns an authority whose files are removed at the end of the test.
func New(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{dir: tb.TempDir(), Pool: x509.NewCertPool()}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = newKey(tb)
	a.cert = a.sign(tb, template, template, &a.key.PublicKey)
	a.Pool.AddCert(a.cert)
	a.File = a.write(tb, "ca", &pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
	return a
}

// Pair is a certificate with its key, in files and in memory.
type Pair struct {
	Certificate, Key string // PEM files
	TLS              tls.Certificate
}

// Issue makes a certificate for 127.0.0.1 and for DNS names, the first of them
// its common name, that is good until the given time from now, which may be
// over.
func (a *Authority) Issue(tb testing.TB, until time.Duration, names ...string) Pair {
	tb.Helper()
	key := newKey(tb)
	template := &x509.Certificate{
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(until),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: names,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if len(names) > 0 {
		template.Subject.CommonName = names[0]
	}
	cert := a.sign(tb, template, a.cert, &key.PublicKey)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	p := Pair{
		Certificate: a.write(tb, "cert", &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
		Key:         a.write(tb, "key", &pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
	if p.TLS, err = tls.LoadX509KeyPair(p.Certificate, p.Key); err != nil {
		tb.Fatal(err)
	}
	return p
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func (a *Authority) sign(tb testing.TB, template, parent *x509.Certificate, public *ecdsa.PublicKey) *x509.Certificate {
	tb.Helper()
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert
}

func (a *Authority) write(tb testing.TB, what string, b *pem.Block) string {
	tb.Helper()
	name := filepath.Join(a.dir, fmt.Sprintf("%s%d.pem", what, a.serial))
	if err := os.WriteFile(name, pem.EncodeToMemory(b), 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}
