package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/gibsontest"
)

// TestServers uses the client on a server of this project and, with GIBSON_BIN
// set to its path, on an original one. Nothing in it is answered differently
// by the two: docs/compat.md has what is.
func TestServers(t *testing.T) {
	t.Run("ours", func(t *testing.T) { useServer(t, gibsontest.NewServer(t).Addr()) })
	t.Run("original", func(t *testing.T) {
		bin := os.Getenv("GIBSON_BIN")
		if bin == "" {
			t.Skip("set GIBSON_BIN to the path of an original Gibson server (1.2.x) to use the client on it")
		}
		useServer(t, original(t, bin))
	})
}

// original starts bin and returns the path of its socket once it answers.
func original(t *testing.T, bin string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gibson") // t.TempDir may exceed what a socket's path may have
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket, conf := filepath.Join(dir, "s"), filepath.Join(dir, "gibson.conf")
	text := fmt.Sprintf("unix_socket %s\nlogfile %s\npidfile %s\ndaemonize 0\nmax_memory 1G\n",
		socket, filepath.Join(dir, "log"), filepath.Join(dir, "pid"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatalf("GIBSON_BIN: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	until(t, func() bool {
		c, err := gibson.Dial(t.Context(), socket, nil)
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
	return socket
}

// step is one call and the result that it must have, in the form of fmt.Sprint
// with the error behind it.
type step struct {
	name, want string
	call       func() (any, error)
}

func useServer(t *testing.T, addr string) {
	c := dial(t, addr, nil)
	ctx := t.Context()
	nothing := func(call func() error) func() (any, error) {
		return func() (any, error) { return "", call() }
	}
	family := func() (any, error) {
		items, err := c.MGet(ctx, "u:", 0)
		var all []string
		if err == nil {
			for k, v := range items {
				all = append(all, k+"="+v.String())
			}
		}
		slices.Sort(all) // the original has an order of its own
		return all, err
	}
	keys := func() (any, error) {
		seq, err := c.Keys(ctx, "u:")
		var all []string
		if err == nil {
			all = slices.Sorted(seq)
		}
		return all, err
	}
	const ok = " <nil>"
	for _, s := range []step{
		{"Ping", ok, nothing(func() error { return c.Ping(ctx) })},
		{"Get of nothing", "[] not found", func() (any, error) { return c.Get(ctx, "u:a") }},
		{"Set", ok, nothing(func() error { return c.Set(ctx, "u:a", []byte("x y"), time.Hour) })},
		{"Set", ok, nothing(func() error { return c.Set(ctx, "u:n", []byte("41"), 0) })},
		{"Get", "[120 32 121] <nil>", func() (any, error) { return c.Get(ctx, "u:a") }},
		{"Inc", "42 <nil>", func() (any, error) { return c.Inc(ctx, "u:n") }},
		{"Dec", "41 <nil>", func() (any, error) { return c.Dec(ctx, "u:n") }},
		{"Inc of text", "0 not a number", func() (any, error) { return c.Inc(ctx, "u:a") }},
		{"GetInt", "41 <nil>", func() (any, error) { return c.GetInt(ctx, "u:n") }},
		{"Value", "41 <nil>", func() (any, error) { return c.Value(ctx, "u:n") }},
		{"Count", "2 <nil>", func() (any, error) { return c.Count(ctx, "u:") }},
		{"Count of nothing", "0 <nil>", func() (any, error) { return c.Count(ctx, "v:") }},
		{"MGet", "[u:a=x y u:n=41] <nil>", family},
		{"Keys", "[u:a u:n] <nil>", keys},
		{"MetaSize", "3 <nil>", func() (any, error) { return c.MetaSize(ctx, "u:a") }},
		{"MetaEncoding", "2 <nil>", func() (any, error) { return c.MetaEncoding(ctx, "u:n") }},
		{"Lock", ok, nothing(func() error { return c.Lock(ctx, "u:a", time.Minute) })},
		{"Set of what is locked", " locked", nothing(func() error { return c.Set(ctx, "u:a", []byte("z"), 0) })},
		{"Delete of what is locked", " locked", nothing(func() error { return c.Delete(ctx, "u:a") })},
		{"Unlock", ok, nothing(func() error { return c.Unlock(ctx, "u:a") })},
		{"MInc", "1 <nil>", func() (any, error) { return c.MInc(ctx, "u:n") }},
		{"MDec", "1 <nil>", func() (any, error) { return c.MDec(ctx, "u:n") }},
		{"MSet", "2 <nil>", func() (any, error) { return c.MSet(ctx, "u:", []byte("same")) }},
		{"MGet", "[u:a=same u:n=same] <nil>", family},
		{"MTTL", "2 <nil>", func() (any, error) { return c.MTTL(ctx, "u:", time.Hour) }},
		{"MLock", "2 <nil>", func() (any, error) { return c.MLock(ctx, "u:", time.Minute) }},
		{"MUnlock", "2 <nil>", func() (any, error) { return c.MUnlock(ctx, "u:") }},
		{"Delete", ok, nothing(func() error { return c.Delete(ctx, "u:n") })},
		{"MDelete", "1 <nil>", func() (any, error) { return c.MDelete(ctx, "u:") }},
		{"MDelete of nothing", "0 <nil>", func() (any, error) { return c.MDelete(ctx, "u:") }},
	} {
		got, err := s.call()
		word := fmt.Sprint(err)
		for text, sentinel := range map[string]error{
			"not found": gibson.ErrNotFound, "not a number": gibson.ErrNotANumber, "locked": gibson.ErrLocked,
		} {
			if errors.Is(err, sentinel) {
				word = text
			}
		}
		if all := fmt.Sprint(got) + " " + word; all != s.want {
			t.Errorf("%s: %s, want %s", s.name, all, s.want)
		}
	}

	st, err := c.Stats(ctx)
	if err != nil || st.ServerVersion == "" || len(st.Pairs) < 20 || st.Started.IsZero() {
		t.Errorf("Stats: %+v, %v", st, err)
	}
	crowdOf(t, c)
	if err := c.End(ctx); err != nil || !c.Closed() {
		t.Errorf("End: %v, closed %v", err, c.Closed())
	}
}

// crowdOf lets many goroutines use c, of whom some give up, and sends a
// pipeline behind that.
func crowdOf(t *testing.T, c *gibson.Conn) {
	var wg sync.WaitGroup
	for g := range 50 {
		wg.Go(func() {
			for i := range 40 {
				key := fmt.Sprintf("c:%d:%d", g, i)
				ctx, cancel := context.WithCancel(t.Context())
				if i%4 == 3 {
					go cancel()
				}
				err := c.Set(ctx, key, []byte(key), 0)
				got, gerr := c.Get(t.Context(), key)
				switch {
				case err == nil && (gerr != nil || string(got) != key):
					t.Errorf("Get(%q) = %q, %v", key, got, gerr)
				case err != nil && !errors.Is(err, context.Canceled):
					t.Errorf("Set(%q): %v", key, err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	p := c.Pipeline()
	for i := range 1000 {
		p.Do("set", 0, fmt.Sprintf("p:%d", i), i)
		p.Do("get", fmt.Sprintf("p:%d", i))
	}
	results, err := p.Exec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil || string(r.Reply.Data) != fmt.Sprint(i/2) {
			t.Fatalf("result %d: %q, %v", i, r.Reply.Data, r.Err)
		}
	}
}
