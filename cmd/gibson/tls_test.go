//go:build unix

package main

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gogibson/gibson/internal/testcert"
)

// TestPassedSocketWithTLS has a service manager open the socket of a listener
// that is TLS.
func TestPassedSocketWithTLS(t *testing.T) {
	m := newManager(t)
	ca := testcert.New(t)
	own, client := ca.Issue(t, time.Hour, "cache"), ca.Issue(t, time.Hour, "web")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	server := m.start(t, []*os.File{f}, []string{"LISTEN_FDS=1"}, "--listen", "tls://"+l.Addr().String(),
		"--tls-cert", own.Certificate, "--tls-key", own.Key, "--tls-client-ca", ca.File)
	m.expect(t, "READY=1")
	for _, tc := range []struct {
		more   []string
		status int
	}{
		{[]string{"--addr", "tls://" + l.Addr().String(), "--ca", ca.File, "--cert", client.Certificate, "--key", client.Key}, 0},
		{[]string{"--addr", "tls://" + l.Addr().String(), "--ca", ca.File}, 3},
		{[]string{"--addr", l.Addr().String()}, 3},
	} {
		if status, _ := gibson(t, m.bin, "", append(tc.more, "ping")...); status != tc.status {
			t.Errorf("gibson ping %q: status %d, want %d", tc.more, status, tc.status)
		}
	}
	end(t, server)
}

// TestCertificatesAreReloaded replaces the files of a busy server, with good
// ones and with broken ones.
func TestCertificatesAreReloaded(t *testing.T) {
	bin := build(t)
	ca := testcert.New(t)
	one, two, client := ca.Issue(t, 1000*time.Hour, "one"), ca.Issue(t, 1000*time.Hour, "two"), ca.Issue(t, time.Hour, "web")
	i := install(t, "")
	cert, key := filepath.Join(i.dir, "cert.pem"), filepath.Join(i.dir, "key.pem")
	// place replaces a file as those who renew certificates do.
	place := func(from, to string) {
		t.Helper()
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to+".new", data, 0o600)
		}
		if err == nil {
			err = os.Rename(to+".new", to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	place(one.Certificate, cert)
	place(one.Key, key)
	text, err := os.ReadFile(i.conf)
	if err != nil {
		t.Fatal(err)
	}
	more := "listen tls://127.0.0.1:0\ntls_cert " + cert + "\ntls_key " + key + "\ntls_client_ca " + ca.File + "\n"
	i.write(t, string(text)+more)
	pid := startDaemon(t, bin, i)
	i.logged(t, "network=tls")
	log, err := os.ReadFile(i.logfile)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`network=tls addr=(\S+)\n`).FindSubmatch(log)
	if m == nil {
		t.Fatalf("nothing listens with TLS in\n%s", log)
	}
	dial := func() *tls.Conn {
		t.Helper()
		c, err := tls.Dial("tcp", string(m[1]), &tls.Config{RootCAs: ca.Pool, Certificates: []tls.Certificate{client.TLS}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	seen := func() string {
		t.Helper()
		c := dial()
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	hup := func(lines int, text string) {
		t.Helper()
		if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		poll(t, text, func() bool {
			data, _ := os.ReadFile(i.logfile)
			return strings.Count(string(data), text) == lines
		})
	}

	stop := make(chan struct{})
	var busy sync.WaitGroup
	for range 4 {
		c := dial()
		defer c.Close()
		busy.Go(func() {
			for reply := make([]byte, 8); ; {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := io.WriteString(c, "\x02\x00\x00\x00\x13\x00"); err != nil {
					t.Errorf("dropped: %v", err)
					return
				}
				if _, err := io.ReadFull(c, reply); err != nil || string(reply) != "\x05\x00\x00\x01\x00\x00\x00\x00" {
					t.Errorf("dropped: %v, %q", err, reply)
					return
				}
			}
		})
	}
	if got := seen(); got != "one" {
		t.Errorf("the certificate is for %s, want one", got)
	}
	// Half of the change has no effect, and is said.
	place(two.Certificate, cert)
	hup(1, "the certificates stay as they were")
	i.logged(t, "private key does not match public key")
	if got := seen(); got != "one" {
		t.Errorf("with a broken pair: the certificate is for %s, want one", got)
	}
	place(two.Key, key)
	hup(2, "msg=reloaded changed=0 need_restart=0")
	if got := seen(); got != "two" {
		t.Errorf("after the change: the certificate is for %s, want two", got)
	}
	// Names can be changed too, but not so that nobody vouches for them.
	i.write(t, string(text)+more+"tls_client_names other\n")
	hup(1, "directive=tls_client_names value=other")
	if c := dial(); c.SetDeadline(time.Now().Add(hang)) != nil {
		t.Error("no deadline")
	} else if _, err := c.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "bad certificate") {
		t.Errorf("a client that is not named any more got %v", err)
	}
	i.write(t, string(text)+strings.Replace(more, "tls_client_ca", "#", 1)+"tls_client_names other\n")
	hup(1, "want tls_client_ca as well")
	close(stop)
	busy.Wait()
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	i.logged(t, "msg=stopped")
}
