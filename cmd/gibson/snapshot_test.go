//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	client "github.com/gogibson/gibson"
)

// dial connects to a server, which may be about to listen.
func dial(t *testing.T, address string) *client.Conn {
	t.Helper()
	var conn *client.Conn
	poll(t, "server at "+address, func() (ok bool) {
		var err error
		conn, err = client.Dial(t.Context(), address, nil)
		return err == nil
	})
	t.Cleanup(func() { conn.Close() })
	return conn
}

// fromEnvironment returns a number that a longer run of a test sets.
func fromEnvironment(t *testing.T, name string, usual int) int {
	t.Helper()
	text, ok := os.LookupEnv(name)
	if !ok {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// snapshots waits until the log of an installation says that often that a
// snapshot was written.
func (i installation) snapshots(t *testing.T, n int) {
	t.Helper()
	poll(t, fmt.Sprint(n, " snapshots"), func() bool {
		data, _ := os.ReadFile(i.logfile)
		return bytes.Count(data, []byte("msg=\"snapshot written\"")) >= n
	})
}

// TestSnapshotSurvivesKill kills servers while they write a snapshot, and looks
// whether the next one has all items, as they were when the last snapshot began
// or the one before. GIBSON_TEST_KILLS=200 makes it 200 servers.
func TestSnapshotSurvivesKill(t *testing.T) {
	kills := fromEnvironment(t, "GIBSON_TEST_KILLS", 20)
	const items = 20000
	bin := build(t)
	i := install(t, "")
	name := filepath.Join(i.dir, "snap")
	i.write(t, fmt.Sprintf("unix_socket %s\npidfile %s\nlogfile %s\nadmin off\nsnapshot %s\n", i.socket, i.pidfile, i.logfile, name))
	start := func() (*client.Conn, *os.Process) {
		_ = os.Remove(i.pidfile)
		cmd := command(t, bin, "-c", i.conf)
		poll(t, "server", func() bool { return !gone(i.pidfile) })
		return dial(t, i.socket), cmd
	}

	conn, process := start()
	pipe := conn.Pipeline()
	for n := range items {
		pipe.Do("SET", 0, fmt.Sprintf("key:%05d", n), fmt.Sprintf("%016x", rand.Uint64()))
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	i.snapshots(t, 1)
	took := time.Since(begun)

	olds, news, last := 0, 0, "0"
	for round := 1; round <= kills; round++ {
		generation := strconv.Itoa(round)
		if _, err := conn.MSet(t.Context(), "key:", []byte(generation)); err != nil {
			t.Fatal(err)
		}
		if err := process.Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		<-time.After(rand.N(took + took/2))
		_ = process.Kill()
		_, _ = process.Wait()
		conn.Close()

		conn, process = start()
		pairs, err := conn.MGet(t.Context(), "key:", 0)
		if err != nil {
			t.Fatal(err)
		}
		count, got := 0, ""
		for key, v := range pairs {
			if count++; count == 1 {
				got = v.String()
			} else if v.String() != got && len(got) < 16 {
				t.Fatalf("round %d: %s is %q where others are %q", round, key, v, got)
			}
		}
		if count != items {
			t.Fatalf("round %d: %d items, want %d", round, count, items)
		}
		switch {
		case got == generation:
			news++
		case got == last || len(got) == 16 && last == "0":
			olds++
		default:
			t.Fatalf("round %d: the items are of %q, want %q or %q", round, got, generation, last)
		}
		if last = got; len(got) == 16 {
			last = "0"
		}
		if temps, err := filepath.Glob(name + ".tmp-*"); err != nil || len(temps) > 0 {
			t.Errorf("round %d: %v, %v are left", round, temps, err)
		}
	}
	log, _ := os.ReadFile(i.logfile)
	if bytes.Contains(log, []byte("refused")) {
		t.Errorf("a snapshot was refused:\n%s", log)
	}
	t.Logf("%d kills within %v: %d times the old file, %d times the new", kills, took+took/2, olds, news)
}

// command starts the program in the background of the test.
func command(t *testing.T, bin string, args ...string) *os.Process {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p, err := os.StartProcess(bin, append([]string{bin}, args...), &os.ProcAttr{Files: []*os.File{null, os.Stdout, os.Stderr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Kill() // does nothing after the process has ended
		_, _ = p.Wait()
	})
	return p
}

// TestSnapshotUnderLoad prints what a snapshot of 1M items costs clients that
// GET meanwhile. It is for a machine with nothing else to do:
// GIBSON_TEST_LOAD=1.
func TestSnapshotUnderLoad(t *testing.T) {
	if fromEnvironment(t, "GIBSON_TEST_LOAD", 0) == 0 {
		t.Skip("GIBSON_TEST_LOAD=1 runs it")
	}
	const items, clients = 1_000_000, 50
	bin := build(t)
	i := install(t, "")
	i.write(t, fmt.Sprintf("unix_socket %s\npidfile %s\nlogfile %s\nadmin off\nsnapshot %s\nsnapshot_interval off\n",
		i.socket, i.pidfile, i.logfile, filepath.Join(i.dir, "snap")))
	process := command(t, bin, "-c", i.conf)
	conn := dial(t, i.socket)
	for n := 0; n < items; {
		pipe := conn.Pipeline()
		for range 10000 {
			val := fmt.Sprintf(`{"id":%8d,"name":"user %08d","mail":"%016x@example.com","roles":["reader","writer"]}....`, n, n, rand.Uint64())
			pipe.Do("SET", 3600, fmt.Sprintf("app:user:%08d:profile", n), val[:100])
			n++
		}
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var now atomic.Int32 // the phase
	var mu sync.Mutex
	times := make(map[int32][]time.Duration)
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range clients {
		conn := dial(t, i.socket)
		wait.Go(func() {
			mine := make(map[int32][]time.Duration)
			for ctx.Err() == nil {
				phase, begun := now.Load(), time.Now()
				if _, err := conn.Get(ctx, fmt.Sprintf("app:user:%08d:profile", rand.IntN(items))); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
				if now.Load() == phase {
					mine[phase] = append(mine[phase], time.Since(begun))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for phase, d := range mine {
				times[phase] = append(times[phase], d...)
			}
		})
	}
	const rounds = 5
	for n := range rounds {
		<-time.After(2 * time.Second) // without a snapshot
		now.Add(1)
		if err := process.Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		i.snapshots(t, n+1)
		now.Add(1)
	}
	cancel()
	wait.Wait()
	p99 := func(d []time.Duration) time.Duration {
		slices.Sort(d)
		return d[len(d)*99/100]
	}
	var ratios []float64
	for n := range int32(rounds) {
		before, during := times[2*n], times[2*n+1]
		a, b := p99(before), p99(during)
		ratios = append(ratios, float64(b)/float64(a))
		t.Logf("p99 of GET %v before (%d calls), %v during (%d calls): %.2f times", a, len(before), b, len(during), float64(b)/float64(a))
	}
	slices.Sort(ratios)
	t.Logf("median: %.2f times", ratios[rounds/2])
	log, _ := os.ReadFile(i.logfile)
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "snapshot written") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
