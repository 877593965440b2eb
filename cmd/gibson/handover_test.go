//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	client "github.com/gogibson/gibson"
)

// kill ends the process of an installation when the test is over, whichever
// took over from which.
func (i installation) kill(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if gone(i.pidfile) {
			return
		}
		pid := i.pid(t)
		_ = syscall.Kill(pid, syscall.SIGTERM)
		poll(t, "end of the server", func() bool { return gone(i.pidfile) && gone(i.socket) })
		if t.Failed() {
			log, _ := os.ReadFile(i.logfile)
			t.Logf("%s", log)
		}
	})
}

// handOver has the server of an installation replaced, and returns the number
// of the new one.
func (i installation) handOver(t *testing.T) int {
	t.Helper()
	old := i.pid(t)
	before, _ := os.ReadFile(i.logfile)
	if err := syscall.Kill(old, syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	poll(t, "other process in the pidfile", func() bool { return i.pid(t) != old })
	poll(t, "hand-over in the log", func() bool {
		data, _ := os.ReadFile(i.logfile)
		return strings.Count(string(data), "msg=\"handed over\"") > strings.Count(string(before), "msg=\"handed over\"")
	})
	return i.pid(t)
}

// TestHandOverUnderLoad replaces a server under busy clients.
func TestHandOverUnderLoad(t *testing.T) {
	const clients, items = 64, 50000
	bin := build(t)
	i := install(t, "max_clients 1000\nlogflushrate 1\n")
	startDaemon(t, bin, i)
	i.kill(t)
	fill := dial(t, i.socket)
	pipe := fill.Pipeline()
	for n := range items {
		pipe.Do("SET", 3600, fmt.Sprintf("item:%05d", n), fmt.Sprintf("value %d", n))
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := fill.MLock(t.Context(), "item:0000", 1000*time.Second); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	var calls, unknown atomic.Int64
	for n := range clients {
		c, err := client.NewClient(i.socket, &client.ClientOptions{Conns: 1, RetryWrites: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		wait.Go(func() {
			var sum, doubt int64
			key, counter := fmt.Sprintf("own:%02d", n), fmt.Sprintf("count:%02d", n)
			for round := 0; ctx.Err() == nil; round++ {
				val := fmt.Sprint(round)
				timed, stop := context.WithTimeout(context.Background(), 30*time.Second)
				if err := c.Set(timed, key, []byte(val), 0); err != nil {
					t.Errorf("SET: %v", err)
				}
				if got, err := c.Get(timed, key); err != nil || string(got) != val {
					t.Errorf("GET: %q, %v, want %q", got, err, val)
				}
				// INC is not retried: it may not be known what became of it.
				switch got, err := c.Inc(timed, counter); {
				case err == nil && (got < sum+1 || got > sum+doubt+1):
					t.Errorf("INC: %d after %d that succeeded and %d that may have", got, sum, doubt)
				case err == nil:
					sum, doubt = got, 0
				case errors.Is(err, context.DeadlineExceeded):
					t.Errorf("INC: %v", err)
				default:
					doubt++
					unknown.Add(1)
				}
				stop()
				calls.Add(3)
			}
		})
	}
	const times = 3
	for n := range times {
		enough := calls.Load() + 5000
		poll(t, "calls", func() bool { return calls.Load() > enough })
		i.handOver(t)
		t.Logf("hand-over %d after %d calls, %d INC without an answer", n+1, calls.Load(), unknown.Load())
	}
	enough := calls.Load() + 5000
	poll(t, "calls of the last server", func() bool { return calls.Load() > enough })
	cancel()
	wait.Wait()

	i.logged(t, `msg="items taken over" written=`) // from no file

	check := dial(t, i.socket)
	if n, err := check.Count(t.Context(), "item:"); err != nil || n != items {
		t.Errorf("%d items, %v, want %d", n, err, items)
	}
	if n, err := check.MetaLock(t.Context(), "item:00007"); err != nil || n != 1000 {
		t.Errorf("lock %d, %v, want 1000", n, err)
	}
	if ttl, err := check.MetaTTL(t.Context(), "item:00007"); err != nil || ttl != 3600 {
		t.Errorf("ttl %v, %v, want 3600", ttl, err)
	}
}

// TestHandOverFails has successors fail in several ways. The server goes on, if
// it can with the connections that there are.
func TestHandOverFails(t *testing.T) {
	bin := build(t)
	i := install(t, "")
	startDaemon(t, bin, i)
	i.kill(t)
	conn := dial(t, i.socket)
	if err := conn.Set(t.Context(), "key", []byte("value"), 0); err != nil {
		t.Fatal(err)
	}
	conf, err := os.ReadFile(i.conf)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	pid := i.pid(t)
	replace := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(bin+".new", data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(bin+".new", bin); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name, conf, program, log string
		stays                    bool // connections do
	}{
		{"configuration", string(conf) + "nonsense 1\n", "", "the other one did not start", true},
		{"certificate", string(conf) + "listen tls://127.0.0.1:0\ntls_cert " + i.dir + "/none.pem\ntls_key " + i.dir + "/none.key\n", "", "the other one did not start", true},
		{"ends at once", "", "#!/bin/sh\nexit 0\n", "the other one did not start", true},
		{"no program", "", "no program", "the other one did not start", true},
		{"ends when it is ready", "", "#!/bin/sh\nprintf 'ready\\n' >&3\n", "the hand-over failed, this process goes on", false},
		{"does not say that it has loaded", "", "#!/bin/sh\nprintf 'ready\\n' >&3\ncat <&3 >/dev/null & sleep 1; kill $!\n", "the hand-over failed, this process goes on", false},
		{"says something else", "", "#!/bin/sh\nprintf 'ready\\nfailed!\\n' >&3\ncat <&3 >/dev/null\n", "the hand-over failed, this process goes on", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.conf != "" {
				i.write(t, tc.conf)
				defer i.write(t, string(conf))
			}
			if tc.program != "" {
				replace([]byte(tc.program))
				defer replace(whole)
			}
			if err := os.Truncate(i.logfile, 0); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
				t.Fatal(err)
			}
			i.logged(t, tc.log)
			c := conn
			if !tc.stays {
				c = dial(t, i.socket)
				conn = c
			}
			if got, err := c.Get(t.Context(), "key"); err != nil || string(got) != "value" {
				t.Errorf("%q, %v", got, err)
			}
			if i.pid(t) != pid {
				t.Errorf("the pidfile says %d, want %d", i.pid(t), pid)
			}
		})
	}
	// With the right program it still works.
	if i.handOver(t) == pid {
		t.Error("nobody took over")
	}
	if got, err := dial(t, i.socket).Get(t.Context(), "key"); err != nil || string(got) != "value" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestHandOverKeepsWhatIsOpen is about relative paths, the admin endpoint, TCP
// and snapshots.
func TestHandOverKeepsWhatIsOpen(t *testing.T) {
	bin := build(t)
	i := install(t, "address 127.0.0.1\nport 0\n")
	t.Setenv("GIBSON_ADMIN", "127.0.0.1:0")
	conf, err := os.ReadFile(i.conf)
	if err != nil {
		t.Fatal(err)
	}
	i.write(t, string(conf)+"snapshot "+filepath.Join(i.dir, "snap")+"\n")
	startDaemon(t, bin, i)
	i.kill(t)
	var addresses []string
	listening := func() (all []string) {
		data, _ := os.ReadFile(i.logfile)
		for line := range strings.Lines(string(data)) {
			if _, addr, ok := strings.Cut(line, "msg=listening "); ok {
				all = append(all, strings.TrimSpace(addr))
			}
		}
		return all
	}
	poll(t, "three listeners", func() bool { addresses = listening(); return len(addresses) == 3 })
	if err := dial(t, i.socket).Set(t.Context(), "key", []byte("value"), 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := os.Truncate(i.logfile, 0); err != nil {
			t.Fatal(err)
		}
		i.handOver(t)
		var now []string
		poll(t, "three listeners", func() bool { now = listening(); return len(now) == 3 })
		if strings.Join(now, " ") != strings.Join(addresses, " ") {
			t.Errorf("listening at %q, before at %q", now, addresses)
		}
		for _, a := range now {
			if addr, ok := strings.CutPrefix(a, "network=tcp addr="); ok {
				if got, err := dial(t, addr).Get(t.Context(), "key"); err != nil || string(got) != "value" {
					t.Errorf("at %s: %q, %v", addr, got, err)
				}
			}
		}
	}
	if _, err := os.Stat(filepath.Join(i.dir, "snap")); err == nil {
		t.Error("there is a snapshot though the server goes on")
	}
}
