//go:build unix

package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	client "github.com/gogibson/gibson"
	"github.com/gogibson/gibson/internal/testcert"
)

// TestHandOverOfPassedSockets replaces a server whose sockets a service
// manager has opened, one of them for TLS: the manager is told who serves now,
// and the sockets stay the manager's.
func TestHandOverOfPassedSockets(t *testing.T) {
	m := newManager(t)
	ca := testcert.New(t)
	own, peer := ca.Issue(t, time.Hour, "cache"), ca.Issue(t, time.Hour, "web")
	path := filepath.Join(m.dir, "s")
	var files []*os.File
	pass := func(network, address string) string {
		t.Helper()
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		f, err := l.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		files = append(files, f)
		return l.Addr().String()
	}
	pass("unix", path)
	plain, secure := pass("tcp", "127.0.0.1:0"), pass("tcp", "127.0.0.1:0")
	// Its standard error is not the test's: Wait would wait for all successors.
	cmd := m.command(t, files, []string{"LISTEN_FDS=3", "WATCHDOG_USEC=20000"}, "--listen", "tls://"+secure,
		"--tls-cert", own.Certificate, "--tls-key", own.Key, "--tls-client-ca", ca.File)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	main := cmd.Process.Pid
	t.Cleanup(func() { syscall.Kill(main, syscall.SIGKILL) })
	m.expect(t, "READY=1")
	ways := [][]string{
		{"--addr", path}, {"--addr", plain},
		{"--addr", "tls://" + secure, "--ca", ca.File, "--cert", peer.Certificate, "--key", peer.Key},
	}
	if status, _ := gibson(t, m.bin, "", "set", "key", "value", "--addr", path); status != 0 {
		t.Fatal("SET: no success")
	}
	for n := range 2 {
		if err := syscall.Kill(main, syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		// The two processes say this at about the same time.
		one, _ := m.next(t)
		two, _ := m.next(t)
		if one == "READY=1" {
			one, two = two, one
		}
		if two != "READY=1" {
			t.Fatalf("messages %q and %q, want MAINPID and READY=1", one, two)
		}
		number, ok := strings.CutPrefix(one, "MAINPID=")
		pid, err := strconv.Atoi(number)
		if !ok || err != nil || pid == main {
			t.Fatalf("hand-over %d: message %q, want MAINPID= and another number than %d", n+1, one, main)
		}
		if n == 0 {
			if err := cmd.Wait(); err != nil {
				t.Errorf("the first server ended with %v", err)
			}
		}
		main = pid
		for _, way := range ways {
			if status, out := gibson(t, m.bin, "", append(way, "get", "key")...); status != 0 || out != "value" {
				t.Errorf("hand-over %d, %q: status %d, %q", n+1, way, status, out)
			}
		}
		if status, _ := gibson(t, m.bin, "", "--addr", "tls://"+secure, "--ca", ca.File, "ping"); status != 3 {
			t.Errorf("hand-over %d: without a certificate: status %d, want 3", n+1, status)
		}
	}
	// The watchdog watches the one that serves.
	b := make([]byte, 100)
	if err := m.notify.SetReadDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	if n, err := m.notify.Read(b); err != nil || string(b[:n]) != "WATCHDOG=1" {
		t.Errorf("%q, %v, want the watchdog's message", b[:n], err)
	}
	if err := syscall.Kill(main, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.expect(t, "STOPPING=1")
	if gone(path) {
		t.Error("the server took the manager's socket with it")
	}
}

// TestHandOverOfTLS replaces a server, certificates and all, under clients with
// TLS: no call fails, and who connects afterwards sees the new certificate.
func TestHandOverOfTLS(t *testing.T) {
	const clients = 8
	bin := build(t)
	ca := testcert.New(t)
	one, two, peer := ca.Issue(t, time.Hour, "one"), ca.Issue(t, time.Hour, "two"), ca.Issue(t, time.Hour, "web")
	i := install(t, "tls_client_ca "+ca.File+"\nlisten tls://127.0.0.1:0\n")
	text, err := os.ReadFile(i.conf)
	if err != nil {
		t.Fatal(err)
	}
	i.write(t, string(text)+"tls_cert "+one.Certificate+"\ntls_key "+one.Key+"\n")
	startDaemon(t, bin, i)
	i.kill(t)
	i.logged(t, "network=tls")
	log, err := os.ReadFile(i.logfile)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`network=tls addr=(\S+)\n`).FindSubmatch(log)
	if found == nil {
		t.Fatalf("nothing listens with TLS in\n%s", log)
	}
	address := string(found[1])
	config := &tls.Config{RootCAs: ca.Pool, Certificates: []tls.Certificate{peer.TLS}}
	seen := func() string {
		t.Helper()
		c, err := tls.Dial("tcp", address, config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "\x02\x00\x00\x00\x13\x00"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := seen(); got != "one" {
		t.Errorf("the certificate is for %s, want one", got)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wait sync.WaitGroup
	var calls atomic.Int64
	for n := range clients {
		c, err := client.NewClient("tls://"+address, &client.ClientOptions{Conns: 1, RetryWrites: true, Options: client.Options{TLS: config}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		wait.Go(func() {
			for key, round := "own:"+strconv.Itoa(n), 0; ctx.Err() == nil; round++ {
				timed, stop := context.WithTimeout(context.Background(), 30*time.Second)
				val := strconv.Itoa(round)
				if err := c.Set(timed, key, []byte(val), 0); err != nil {
					t.Errorf("SET: %v", err)
				}
				if got, err := c.Get(timed, key); err != nil || string(got) != val {
					t.Errorf("GET: %q, %v, want %q", got, err, val)
				}
				stop()
				calls.Add(2)
			}
		})
	}
	enough := calls.Load() + 200
	poll(t, "calls", func() bool { return calls.Load() > enough })
	i.write(t, string(text)+"tls_cert "+two.Certificate+"\ntls_key "+two.Key+"\n")
	i.handOver(t)
	enough = calls.Load() + 200
	poll(t, "calls of the other server", func() bool { return calls.Load() > enough })
	cancel()
	wait.Wait()
	if got := seen(); got != "two" {
		t.Errorf("after the hand-over the certificate is for %s, want two", got)
	}
}
