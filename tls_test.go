package gibson_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson"
)

// certificate returns a certificate for localhost and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	addr := fake(t, func(nc net.Conn) {
		tc := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{cert}})
		answering(echo)(tc)
		tc.Close()
	})
	if _, err := gibson.Dial(t.Context(), addr, &gibson.Options{TLS: &tls.Config{ServerName: "localhost"}}); err == nil {
		t.Error("an unknown authority is trusted")
	}
	if _, err := gibson.Dial(t.Context(), addr, &gibson.Options{TLS: &tls.Config{RootCAs: pool}}); err == nil {
		t.Error("a unix socket has a name to check")
	}
	// The scheme tls fills in the server's name; the dialer leads it here.
	c := dial(t, "tls://localhost", &gibson.Options{
		TLS: &tls.Config{RootCAs: pool},
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			if network != "tcp" || address != "localhost:10128" {
				t.Errorf("dials %s %s", network, address)
			}
			var d net.Dialer
			return d.DialContext(ctx, "unix", addr)
		},
	})
	var wg sync.WaitGroup
	for g := range 20 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprintf("%d:%d", g, i)
				ctx, cancel := context.WithCancel(t.Context())
				if i%5 == 0 {
					ctx = context.Background()
				}
				if i%7 == 0 {
					go cancel()
				}
				got, err := c.Get(ctx, key)
				if err == nil && string(got) != key || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("Get(%q) = %q, %v", key, got, err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	for i := range 100 { // alone, and cancelled alone
		ctx, cancel := context.WithCancel(t.Context())
		if i%10 == 9 {
			go cancel()
		}
		if got, err := c.Get(ctx, "k"); err == nil && string(got) != "k" || err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("Get = %q, %v", got, err)
		}
		cancel()
	}
	pinged := make(chan error)
	go func() { pinged <- c.Ping(context.Background()) }()
	if err := <-pinged; err != nil {
		t.Errorf("Ping of a caller that cannot be interrupted: %v", err)
	}
	c.Close()
	if err := c.Ping(t.Context()); !errors.Is(err, gibson.ErrClosed) {
		t.Errorf("Ping: %v, want ErrClosed", err)
	}
}

func TestDialTimeout(t *testing.T) {
	silent := make(chan struct{})
	addr := fake(t, func(net.Conn) { <-silent }) // no handshake comes
	t.Cleanup(func() { close(silent) })
	_, err := gibson.Dial(t.Context(), addr, &gibson.Options{TLS: &tls.Config{ServerName: "x"}, DialTimeout: 10 * time.Millisecond})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dial: %v, want DeadlineExceeded", err)
	}
}

func TestFromURL(t *testing.T) {
	for _, tc := range []struct {
		url, address string // "" for an error
		want         gibson.Options
	}{
		{"tcp://cache:1", "tcp://cache:1", gibson.Options{MaxKeySize: 7}},
		{"tls://cache/", "tls://cache", gibson.Options{MaxKeySize: 7}},
		{"unix:///tmp/g.sock?encoding=utf-8", "unix:///tmp/g.sock", gibson.Options{MaxKeySize: 7, Encoding: "utf-8"}},
		{
			"tcp://c?max_key_size=1&max_value_size=2&max_reply_size=3&max_in_flight=4&dial_timeout=1s&keep_alive=-1s&read_timeout=3s&write_timeout=4ms",
			"tcp://c",
			gibson.Options{
				MaxKeySize: 1, MaxValueSize: 2, MaxReplySize: 3, MaxInFlight: 4,
				DialTimeout: time.Second, KeepAlive: -time.Second, ReadTimeout: 3 * time.Second, WriteTimeout: 4 * time.Millisecond,
			},
		},
		{"unix://@name?encoding=utf-8", "unix://@name", gibson.Options{MaxKeySize: 7, Encoding: "utf-8"}},
		{url: "unix://user@name"}, {url: "unix://user:@name"}, {url: "tcp://@cache"},
		{url: "cache:1"}, {url: "/tmp/g.sock"}, {url: "http://cache"}, {url: "tcp://"}, {url: "unix://"},
		{url: "tcp://cache/path"}, {url: "tcp://user@cache"}, {url: "tcp://cache#f"}, {url: "tcp://cache?%zz"}, {url: "tcp://%zz"},
		{url: "tcp://cache?max_key=1"}, {url: "tcp://cache?max_key_size=x"}, {url: "tcp://cache?max_key_size=-1"},
		{url: "tcp://cache?read_timeout=5"}, {url: "tcp://cache?encoding=a&encoding=b"},
	} {
		o := gibson.Options{MaxKeySize: 7}
		address, err := o.FromURL(tc.url)
		if address != tc.address || (err == nil) != (tc.address != "") {
			t.Errorf("%s: %q, %v, want %q", tc.url, address, err, tc.address)
		}
		if tc.address == "" {
			tc.want = gibson.Options{MaxKeySize: 7}
		}
		o.Dialer, tc.want.Dialer = nil, nil
		if fmt.Sprint(o) != fmt.Sprint(tc.want) {
			t.Errorf("%s: %+v, want %+v", tc.url, o, tc.want)
		}
	}
}
