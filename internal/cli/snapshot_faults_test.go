//go:build unix

package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/cli"
	"github.com/gogibson/gibson/internal/snapshot"
)

// slowDisk takes its time for every write, and may refuse to remove files.
type slowDisk struct {
	snapshot.Disk
	perWrite time.Duration
	writing  chan struct{} // if not nil, closed at the first write
	removal  error
}

func (d *slowDisk) CreateTemp(dir, pattern string) (snapshot.File, error) {
	f, err := d.Disk.CreateTemp(dir, pattern)
	return slowFile{f, d}, err
}

func (d *slowDisk) Remove(name string) error {
	if d.removal != nil {
		return d.removal
	}
	return d.Disk.Remove(name)
}

type slowFile struct {
	snapshot.File
	disk *slowDisk
}

func (f slowFile) Write(b []byte) (int, error) {
	if f.disk.writing != nil {
		close(f.disk.writing)
		f.disk.writing = nil
	}
	time.Sleep(f.disk.perWrite) // of the bubble's time
	return f.File.Write(b)
}

// filled makes a cache with 20 items of a MiB.
func filled(t *testing.T) *cache.Cache {
	t.Helper()
	c := cacheOf(t, 64<<20)
	for i := range 20 {
		if err := c.Set(fmt.Sprint("key:", i), bytes.Repeat([]byte("v"), 1<<20), 0); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestSlowSnapshotSaysHowFarItIs, and asks the service manager for patience as
// often.
func TestSlowSnapshotSaysHowFarItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		asked := 0
		k := cli.NewKeeper(filepath.Join(t.TempDir(), "snap"), &slowDisk{perWrite: time.Second}, filled(t), slog.New(slog.NewTextHandler(&log, nil)))
		k.OnBusy(func() { asked++ })
		defer k.Close()
		begun := time.Now()
		k.Start(0)
		if err := k.Ask(); err != nil {
			t.Fatal(err)
		}
		for end := begun.Add(time.Hour); ; time.Sleep(time.Second) {
			if w, _ := k.Counts(); w > 0 {
				break
			}
			if time.Now().After(end) {
				k.Close()
				t.Fatalf("no snapshot after an hour:\n%s", &log)
			}
		}
		k.Close() // and with it who writes the log
		told := strings.Count(log.String(), `msg="snapshot being written" file=`)
		if most := int(time.Since(begun) / (5 * time.Second)); told < 2 || told > most || asked != told {
			t.Errorf("%s said %d times how far it is, and asked %d times for patience, want as often and 2 to %d times:\n%s", time.Since(begun), told, asked, most, &log)
		}
		if !strings.Contains(log.String(), " of=20\n") {
			t.Errorf("want the number of all items in\n%s", &log)
		}
	})
}

// TestSnapshotIsGivenUp: who stops a server does not wait for a snapshot that
// nobody asked for at the end, and nothing is left of it.
func TestSnapshotIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		dir := t.TempDir()
		disk := &slowDisk{perWrite: time.Second, writing: make(chan struct{})}
		writing := disk.writing
		k := cli.NewKeeper(filepath.Join(dir, "snap"), disk, filled(t), slog.New(slog.NewTextHandler(&log, nil)))
		k.Start(time.Minute)
		<-writing
		k.Close()
		if w, f := k.Counts(); w != 0 || f != 0 || !strings.Contains(log.String(), "snapshot given up: the server is stopping") {
			t.Errorf("%d written, %d failed, want none of either:\n%s", w, f, &log)
		}
		if left := names(t, dir); len(left) != 0 {
			t.Errorf("%q is left", left)
		}
	})
}

// TestSnapshotThatCannotBeSetAside: a server must not start with a snapshot that
// it would replace by an empty one.
func TestSnapshotThatCannotBeSetAside(t *testing.T) {
	name := filepath.Join(t.TempDir(), "snap")
	if err := os.WriteFile(name, []byte("no snapshot"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := cli.NewKeeper(name, &brokenDisk{unlinkable: syscall.EACCES}, cacheOf(t, 16<<20), slog.New(slog.DiscardHandler))
	defer k.Close()
	if err := k.Load(false); !errors.Is(err, snapshot.ErrDamaged) || !errors.Is(err, syscall.EACCES) {
		t.Errorf("%v, want that it is damaged, and why it cannot be kept aside", err)
	}
}

// TestUnfinishedSnapshotsThatStay are a warning, no reason not to start.
func TestUnfinishedSnapshotsThatStay(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "snap.tmp-1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	k := cli.NewKeeper(filepath.Join(dir, "snap"), &slowDisk{removal: fs.ErrPermission}, cacheOf(t, 16<<20), slog.New(slog.NewTextHandler(&log, nil)))
	defer k.Close()
	if err := k.Load(false); err != nil || !strings.Contains(log.String(), `level=WARN msg="unfinished snapshots stay"`) {
		t.Errorf("%v, want a warning in\n%s", err, &log)
	}
}

// TestSnapshotOfAClosedCache: there is nothing to write, and what was written
// before stays.
func TestSnapshotOfAClosedCache(t *testing.T) {
	name := filepath.Join(t.TempDir(), "snap")
	if err := os.WriteFile(name, []byte("no snapshot"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := cacheOf(t, 16<<20)
	k := cli.NewKeeper(name, snapshot.Disk{}, c, slog.New(slog.DiscardHandler))
	defer k.Close()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := k.Finish(); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("writing: %v, want ErrClosed", err)
	}
	if err := k.Load(false); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("loading: %v, want ErrClosed", err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "no snapshot" {
		t.Errorf("%q, %v, want the file as it was", data, err)
	}
}

// TestSnapshotAboveTheLimits loads what the limits on keys and values allow, and
// says how many items they do not.
func TestSnapshotAboveTheLimits(t *testing.T) {
	dir := socketDir(t)
	server := snapshotServer(t, dir)
	expect(t,
		step{args: words("set short v"), stdout: "v"},
		step{args: words("set muchlonger v"), stdout: "v"},
		step{args: words("set long " + strings.Repeat("v", 2000)), stdout: strings.Repeat("v", 2000)},
	)
	server.end()
	server = snapshotServer(t, dir, "--max-key-size", "8", "--max-value-size", "1000", "--compression", "off")
	expect(t, step{args: words("get short"), stdout: "v"}, step{args: words("count l"), stdout: "0"})
	_, log := server.end()
	if !strings.Contains(log, `msg="items of the snapshot are longer than the limits allow, and not loaded" items=2`) || !strings.Contains(log, " items=1 expired=0 ") {
		t.Errorf("want 1 of 3 loaded, and a word about the others:\n%s", log)
	}
}

// TestLastSnapshotFails: a server that cannot write its last snapshot ends, with a
// status that says so.
func TestLastSnapshotFails(t *testing.T) {
	dir, other := socketDir(t), filepath.Join(t.TempDir(), "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	server := snapshotServer(t, dir, "--snapshot", filepath.Join(other, "snap"))
	if err := os.RemoveAll(other); err != nil {
		t.Fatal(err)
	}
	status, log := server.end()
	if status != 3 || !strings.Contains(log, "no snapshot was written, the one before stays") || strings.Contains(log, "msg=stopped") {
		t.Errorf("status %d, want 3 and why:\n%s", status, log)
	}
}

// TestSnapshotSignal sends SIGUSR1 to a server with a snapshot and to one without.
func TestSnapshotSignal(t *testing.T) {
	for _, with := range []bool{true, false} {
		dir := socketDir(t)
		log, snap := filepath.Join(dir, "log"), filepath.Join(dir, "snap")
		args, want := []string{"--snapshot", snap}, `msg="snapshot written" file=`+snap
		if !with {
			args, want = nil, `msg="no snapshot is written: there is no directive snapshot" cause="user defined signal 1"`
		}
		end := servingWithLog(t, dir, log, args...)
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		inLog(t, log, want)
		if status := end(); status != 0 {
			t.Errorf("status %d", status)
		}
	}
}

// inBackground runs "gibson serve", and returns what ends it and its status.
func inBackground(t *testing.T, args ...string) (end func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	status := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		status <- cli.Run(ctx, append([]string{"serve"}, args...), nil, &stderr, &stderr)
	}()
	end = sync.OnceValue(func() int {
		cancel()
		s := <-status
		if stderr.Len() > 0 {
			t.Log(&stderr)
		}
		return s
	})
	t.Cleanup(func() { end() })
	return end
}

// servingWithLog runs "gibson serve" on a socket in dir, with a log in a file, and
// returns when it serves.
func servingWithLog(t *testing.T, dir, log string, args ...string) (end func() int) {
	t.Helper()
	end = inBackground(t, append([]string{"--unix-socket", filepath.Join(dir, "s"), "--admin", "off", "--logfile", log}, args...)...)
	inLog(t, log, "msg=listening")
	return end
}

// inLog waits until a log file has that text.
func inLog(t *testing.T, name, want string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		data, err := os.ReadFile(name)
		if strings.Contains(string(data), want) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%v, no %q in\n%s", err, want, data)
		}
	}
}
