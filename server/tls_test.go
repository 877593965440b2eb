package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/testcert"
	"github.com/gogibson/gibson/wire"
)

// stepClock is a clock that a test moves.
type stepClock struct{ now atomic.Int64 }

func (c *stepClock) Now() time.Duration { return time.Duration(c.now.Load()) }
func (c *stepClock) Wall() time.Time    { return time.Unix(1e9, c.now.Load()) }

// startTLS serves srv over TLS and returns the address and what its listener
// uses.
func startTLS(tb testing.TB, srv *Server, files TLSFiles) (addr string, side *TLS) {
	tb.Helper()
	if srv.Cache == nil {
		srv.Cache = newCache(tb, nil)
	}
	side = new(TLS)
	side.Use(load(tb, files))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	serve(tb, srv, side.Listener(l))
	return l.Addr().String(), side
}

func load(tb testing.TB, files TLSFiles) *tls.Config {
	tb.Helper()
	c, err := files.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// filesOf returns the files of a listener with one certificate.
func filesOf(p testcert.Pair, ca string, names ...string) TLSFiles {
	return TLSFiles{Certificates: []TLSPair{{p.Certificate, p.Key}}, ClientCA: ca, ClientNames: names}
}

// dialTLS connects and returns the connection, or why there is none: with TLS
// 1.3 a client learns only by a read that it was refused, so it sends a PING.
func dialTLS(tb testing.TB, addr string, c *tls.Config) (*client, error) {
	tb.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: hangGuard}, "tcp", addr, c)
	if err != nil {
		return nil, err
	}
	cl := newClient(tb, conn)
	if _, err := cl.Write(req(wire.OpPing, "")); err != nil {
		return nil, err
	}
	_, err = cl.reply()
	return cl, err
}

func (s *Server) wait(tb testing.TB, what string, ok func(Stats) bool) {
	tb.Helper()
	for end := time.Now().Add(hangGuard); !ok(s.Stats()); {
		if time.Now().After(end) {
			tb.Fatalf("no %s in %+v", what, s.Stats())
		}
		<-time.After(time.Millisecond)
	}
}

// TestTLSRefuses tries every kind of client that must not come in, and some
// that may.
func TestTLSRefuses(t *testing.T) {
	ca, other := testcert.New(t), testcert.New(t)
	good := ca.Issue(t, time.Hour, "web", "web.internal").TLS
	trust := func(c ...tls.Certificate) *tls.Config { return &tls.Config{RootCAs: ca.Pool, Certificates: c} }
	for _, tc := range []struct {
		name    string
		names   []string // allowed
		client  *tls.Config
		dial    func(t *testing.T, addr string) error
		refused int64
		failed  int64
		log     string
	}{
		{"a client of the authority", nil, trust(good), nil, 0, 0, ""},
		{"its common name", []string{"WEB"}, trust(good), nil, 0, 0, ""},
		{"another of its names", []string{"x", "web.internal"}, trust(good), nil, 0, 0, ""},
		{"its address", []string{"127.0.0.1"}, trust(good), nil, 0, 0, ""},
		{"wrong name", []string{"webb", "eb"}, trust(good), nil, 1, 0, `the certificate is for [\"web\" \"web.internal\" \"127.0.0.1\" \"web\"]`},
		{"no certificate", nil, trust(), nil, 1, 0, "didn't provide a certificate"},
		{"unknown authority", nil, trust(other.Issue(t, time.Hour, "web").TLS), nil, 1, 0, "unknown authority"},
		{"expired", nil, trust(ca.Issue(t, -time.Second, "web").TLS), nil, 1, 0, "expired"},
		{"TLS 1.1", nil, &tls.Config{RootCAs: ca.Pool, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, nil, 0, 1, "unsupported versions"},
		{"TLS 1.2", nil, &tls.Config{RootCAs: ca.Pool, MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{good}}, nil, 0, 0, ""},
		{"a client that does not trust the server", nil, &tls.Config{RootCAs: other.Pool}, nil, 0, 1, "bad certificate"},
		{"the protocol without TLS", nil, nil, func(t *testing.T, addr string) error {
			return speak(t, addr, req(wire.OpPing, ""))
		}, 0, 1, "first record does not look like a TLS handshake"},
		{"silence", nil, nil, func(t *testing.T, addr string) error { return speak(t, addr, nil) }, 0, 1, "did not finish in time"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			srv := &Server{Logger: slog.New(slog.NewTextHandler(&log, nil)), HandshakeTimeout: hangGuard}
			if tc.name == "silence" {
				srv.HandshakeTimeout = time.Millisecond
			}
			addr, _ := startTLS(t, srv, filesOf(ca.Issue(t, time.Hour, "server"), ca.File, tc.names...))
			dial := tc.dial
			if dial == nil {
				dial = func(t *testing.T, addr string) error {
					_, err := dialTLS(t, addr, tc.client)
					return err
				}
			}
			err := dial(t, addr)
			if want := tc.refused + tc.failed; (err != nil) != (want > 0) {
				t.Errorf("the client got %v", err)
			}
			srv.wait(t, "end", func(s Stats) bool { return s.CertificatesRefused+s.HandshakesFailed == tc.refused+tc.failed })
			// Close waits for the session, so that its line is in the log.
			if err := srv.Close(); err != nil {
				t.Fatal(err)
			}
			st := srv.Stats()
			if st.CertificatesRefused != tc.refused || st.HandshakesFailed != tc.failed {
				t.Errorf("refused %d, failed %d, want %d, %d", st.CertificatesRefused, st.HandshakesFailed, tc.refused, tc.failed)
			}
			if served := 1 - tc.refused - tc.failed; st.Connections != served || st.Clients != 0 {
				t.Errorf("%d connections and %d clients in the figures, want %d and 0", st.Connections, st.Clients, served)
			}
			if !strings.Contains(log.String(), tc.log) || tc.log == "" && log.Len() > 0 {
				t.Errorf("log %q, want %q", &log, tc.log)
			}
		})
	}
}

// speak sends bytes without TLS and returns why nothing more comes.
func speak(t *testing.T, addr string, b []byte) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	c.send(b)
	_, err = io.Copy(io.Discard, c)
	if isTimeout(err) {
		t.Fatal("the server keeps the connection")
	}
	return errors.Join(err, io.EOF)
}

// TestTLSRefusalsAreLoggedRarely refuses many clients within a minute.
func TestTLSRefusalsAreLoggedRarely(t *testing.T) {
	ca := testcert.New(t)
	clock := new(stepClock)
	var log bytes.Buffer
	srv := &Server{Cache: newCache(t, &cache.Options{Clock: clock}), Logger: slog.New(slog.NewTextHandler(&log, nil))}
	addr, _ := startTLS(t, srv, filesOf(ca.Issue(t, time.Hour), ca.File))
	refuse := func(n int64) {
		t.Helper()
		for range n {
			before := srv.Stats().CertificatesRefused
			if _, err := dialTLS(t, addr, &tls.Config{RootCAs: ca.Pool}); err == nil {
				t.Fatal("a client without a certificate came in")
			}
			srv.wait(t, "refusal", func(s Stats) bool { return s.CertificatesRefused > before && s.Clients == 0 })
		}
	}
	refuse(5)
	clock.now.Add(int64(time.Minute - 1))
	refuse(2)
	clock.now.Add(1)
	refuse(3)
	// Who only looks whether somebody listens is none of them.
	if conn, err := net.Dial("tcp", addr); err != nil || conn.(*net.TCPConn).CloseWrite() != nil {
		t.Fatal(err)
	} else if _, err := newClient(t, conn).Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%v, want the end", err)
	}
	if err := speak(t, addr, req(wire.OpPing, "")); err == nil {
		t.Error("the protocol without TLS is served")
	}
	srv.wait(t, "failure", func(s Stats) bool { return s.HandshakesFailed == 1 })
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(log.String(), "client refused"); lines != 2 || !strings.Contains(log.String(), "more_since_last_line=6") {
		t.Errorf("%d lines, want 2, with the 6 that have none:\n%s", lines, &log)
	}
	if strings.Count(log.String(), "handshake failed") != 1 {
		t.Errorf("want a line of its own for what is no certificate:\n%s", &log)
	}
	if n := srv.Stats().CertificatesRefused; n != 10 {
		t.Errorf("%d refused, want 10", n)
	}
}

// TestTLSChangeUnderLoad replaces the certificate, and the authority of the
// clients, while clients are busy.
func TestTLSChangeUnderLoad(t *testing.T) {
	ca, next := testcert.New(t), testcert.New(t)
	srv := new(Server)
	addr, side := startTLS(t, srv, filesOf(ca.Issue(t, time.Hour, "old"), ca.File))
	trust := ca.Pool.Clone()
	trust.AddCert(mustParse(t, next.File))
	// of returns the name of the certificate that a new client sees.
	of := func(c tls.Certificate) (string, error) {
		cl, err := dialTLS(t, addr, &tls.Config{RootCAs: trust, Certificates: []tls.Certificate{c}})
		if err != nil {
			return "", err
		}
		defer cl.Close()
		return cl.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName, nil
	}
	oldClient, newClient := ca.Issue(t, time.Hour).TLS, next.Issue(t, time.Hour).TLS
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var replies atomic.Int64
	for range 4 {
		c, err := dialTLS(t, addr, &tls.Config{RootCAs: ca.Pool, Certificates: []tls.Certificate{oldClient}})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := c.Write(req(wire.OpPing, "")); err != nil {
					t.Errorf("dropped: %v", err)
					return
				}
				if r, err := c.reply(); err != nil || r.Code != wire.CodeOK {
					t.Errorf("dropped: %v, %v", r, err)
					return
				}
				replies.Add(1)
			}
		})
	}
	if name, err := of(oldClient); err != nil || name != "old" {
		t.Errorf("before: %q, %v", name, err)
	}
	for i := range 20 {
		// Each time to and fro, so that handshakes meet changes.
		side.Use(load(t, filesOf(next.Issue(t, time.Hour, "new"), next.File)))
		if name, err := of(newClient); err != nil || name != "new" {
			t.Errorf("change %d: %q, %v, want the new certificate", i, name, err)
		}
		if _, err := of(oldClient); err == nil {
			t.Errorf("change %d: a client of the old authority came in", i)
		}
		side.Use(load(t, filesOf(ca.Issue(t, time.Hour, "old"), ca.File)))
		if name, err := of(oldClient); err != nil || name != "old" {
			t.Errorf("change %d: %q, %v, want the old certificate", i, name, err)
		}
	}
	before := replies.Load()
	srv.wait(t, "request after the changes", func(Stats) bool { return replies.Load() > before+8 })
	close(stop)
	wg.Wait()
}

func mustParse(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// TestTLSSeveralCertificates serves two names at one address.
func TestTLSSeveralCertificates(t *testing.T) {
	ca := testcert.New(t)
	one, two := ca.Issue(t, time.Hour, "one"), ca.Issue(t, time.Hour, "two")
	addr, _ := startTLS(t, new(Server), TLSFiles{Certificates: []TLSPair{{one.Certificate, one.Key}, {two.Certificate, two.Key}}})
	for _, name := range []string{"one", "two"} {
		c, err := dialTLS(t, addr, &tls.Config{RootCAs: ca.Pool, ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// The end of the connection is said, so that nothing can be cut off unseen.
		c.send(req(wire.OpEnd, ""))
		if rest := c.readAll(); len(rest) != 0 && !bytes.Equal(rest, wire.AppendCode(nil, wire.CodeOK)) {
			t.Errorf("%s: %q after END", name, rest)
		}
	}
}

// TestTLSDoesNotResume connects a client again that remembers its session.
func TestTLSDoesNotResume(t *testing.T) {
	ca := testcert.New(t)
	addr, _ := startTLS(t, new(Server), filesOf(ca.Issue(t, time.Hour), ca.File))
	config := &tls.Config{RootCAs: ca.Pool, Certificates: []tls.Certificate{ca.Issue(t, time.Hour).TLS}, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	for range 2 {
		c, err := dialTLS(t, addr, config)
		if err != nil {
			t.Fatal(err)
		}
		if c.Conn.(*tls.Conn).ConnectionState().DidResume {
			t.Error("the client's certificate was not looked at")
		}
		c.Close()
	}
}

// TestTLSShutdown ends a server with a client in its handshake and one that
// does not read.
func TestTLSShutdown(t *testing.T) {
	ca := testcert.New(t)
	srv := &Server{Cache: newCache(t, nil), HandshakeTimeout: time.Hour}
	addr, _ := startTLS(t, srv, filesOf(ca.Issue(t, time.Hour), ""))
	silent, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	idle, err := dialTLS(t, addr, &tls.Config{RootCAs: ca.Pool})
	if err != nil {
		t.Fatal(err)
	}
	for len(srv.Clients()) < 2 {
		<-time.After(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	// The client is told that this is the end, and not an accident.
	if _, err := idle.reply(); err != io.EOF {
		t.Errorf("the idle client got %v, want EOF", err)
	}
	if st := srv.Stats(); st.HandshakesFailed != 0 {
		t.Errorf("%d handshakes failed, want none: they were not the client's fault", st.HandshakesFailed)
	}
}

// TestTLSSlowReader lets a client take a large reply little by little, for
// longer than WriteTimeout in all.
func TestTLSSlowReader(t *testing.T) {
	ca := testcert.New(t)
	pair := ca.Issue(t, time.Hour)
	config := load(t, filesOf(pair, ""))
	synctest.Test(t, func(t *testing.T) {
		c, err := cache.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		value := bytes.Repeat([]byte("v"), 1<<20)
		srv := &Server{Cache: c, WriteTimeout: 30 * time.Second}
		near, far := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- srv.ServeConn(tls.Server(far, config)) }()
		conn := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
		if _, err := conn.Write(reqs(req(wire.OpSet, "0 k "+string(value)), req(wire.OpGet, "k"))); err != nil {
			t.Fatal(err)
		}
		got := 0
		for buf := make([]byte, 16<<10); got < 2*len(value); {
			n, err := io.ReadFull(conn, buf[:min(len(buf), 2*len(value)-got)])
			if err != nil {
				t.Fatalf("cut after %d bytes: %v", got, err)
			}
			got += n
			time.Sleep(5 * time.Second)
		}
		go conn.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTLSFilesLoad(t *testing.T) {
	ca := testcert.New(t)
	a, b := ca.Issue(t, time.Hour), ca.Issue(t, time.Hour)
	dir := t.TempDir()
	none, empty := filepath.Join(dir, "none"), filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pairs := func(p ...TLSPair) []TLSPair { return p }
	for name, tc := range map[string]struct {
		files TLSFiles
		want  []string
	}{
		"nothing":              {TLSFiles{}, []string{"without a certificate"}},
		"no certificate there": {TLSFiles{Certificates: pairs(TLSPair{none, a.Key})}, []string{none, "no such file"}},
		"no key there":         {TLSFiles{Certificates: pairs(TLSPair{a.Certificate, none})}, []string{none, "no such file"}},
		"empty certificate":    {TLSFiles{Certificates: pairs(TLSPair{empty, a.Key})}, []string{empty, "failed to find any PEM data"}},
		"another's key":        {TLSFiles{Certificates: pairs(TLSPair{a.Certificate, b.Key})}, []string{a.Certificate, b.Key, "does not match"}},
		"the second is bad":    {TLSFiles{Certificates: pairs(TLSPair{a.Certificate, a.Key}, TLSPair{b.Certificate, a.Key})}, []string{b.Certificate, "does not match"}},
		"no CA there":          {filesOf(a, none), []string{none, "no such file"}},
		"CA without PEM":       {filesOf(a, empty), []string{empty, "no certificate in it, want PEM"}},
		"names without a CA":   {filesOf(a, "", "web"), []string{"client names but no client CA"}},
	} {
		_, err := tc.files.Load()
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
}

func TestTLSWithoutConfiguration(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &Server{Cache: newCache(t, nil)}
	serve(t, srv, new(TLS).Listener(l))
	if _, err := dialTLS(t, l.Addr().String(), &tls.Config{InsecureSkipVerify: true}); err == nil {
		t.Error("a client came in")
	}
	bad := &Server{Cache: newCache(t, nil), HandshakeTimeout: -1}
	if _, err := bad.Calls(); err == nil || !strings.Contains(err.Error(), "HandshakeTimeout is -1ns") {
		t.Errorf("a negative timeout: %v", err)
	}
}
