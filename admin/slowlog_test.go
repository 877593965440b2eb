package admin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gogibson/gibson/admin"
)

func TestSlowLog(t *testing.T) {
	slow := admin.NewSlowLog(3, 10*time.Millisecond)
	h := newHandler(t, admin.Options{Target: &target{}, SlowLog: slow, TokenFile: tokenFile(t, token, 0o600)})
	keys := func() string {
		t.Helper()
		_, body := ask(h, "GET", "/slowlog.json")
		var entries []admin.SlowEntry
		if err := json.Unmarshal([]byte(body), &entries); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		var all []string
		for _, e := range entries {
			all = append(all, e.Key)
		}
		return strings.Join(all, " ")
	}
	if got := keys(); got != "" {
		t.Errorf("%q in an empty log", got)
	}
	for i := range 5 {
		for _, took := range []time.Duration{10*time.Millisecond - 1, 10 * time.Millisecond} {
			h.Observe(&admin.Batch{Command: "GET", Key: fmt.Append(nil, i), Requests: 1, Took: took})
		}
		want := []string{"0", "1 0", "2 1 0", "3 2 1", "4 3 2"}[i]
		if got := keys(); got != want {
			t.Errorf("after %d: %q, want %q", i, got, want)
		}
	}
	if status, body := ask(h, "POST", "/slowlog/reset", "Authorization", "Bearer "+token); status != 200 || !strings.Contains(body, `"forgotten": 3`) {
		t.Errorf("reset: %d, %q", status, body)
	}
	h.Observe(&admin.Batch{Key: []byte("new"), Took: time.Second})
	if got := keys(); got != "new" {
		t.Errorf("after a reset: %q, want new", got)
	}
}

func TestSlowLogCutsKeys(t *testing.T) {
	slow := admin.NewSlowLog(1, 0)
	h := newHandler(t, admin.Options{Target: &target{}, SlowLog: slow})
	for _, key := range []string{
		strings.Repeat("k", admin.MaxKey), strings.Repeat("k", admin.MaxKey+1), strings.Repeat("é", admin.MaxKey),
		"k" + strings.Repeat("é", admin.MaxKey), "kk" + strings.Repeat("😀", admin.MaxKey),
	} {
		h.Observe(&admin.Batch{Key: []byte(key)})
		got := slow.Entries()[0].Key
		if !strings.HasPrefix(key, got) || len(got) > admin.MaxKey || len(got) < min(len(key), admin.MaxKey-3) || !utf8.ValidString(got) {
			t.Errorf("%q is kept as %q", key, got)
		}
	}
}

func TestNoSlowLog(t *testing.T) {
	h := newHandler(t, admin.Options{Target: &target{}})
	h.Observe(&admin.Batch{Took: time.Hour})
	if status, body := ask(h, "GET", "/slowlog.json"); status != 200 || strings.TrimSpace(body) != "[]" {
		t.Errorf("%d, %q", status, body)
	}
}

// TestObserve calls it from many goroutines, and counts its allocations.
func TestObserve(t *testing.T) {
	h := newHandler(t, admin.Options{Target: &target{}, Commands: []string{"GET"}, SlowLog: admin.NewSlowLog(4, time.Second)})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				h.Observe(&admin.Batch{Command: "GET", Requests: 1, Took: time.Duration(i%2) * time.Second})
				ask(h, "GET", "/slowlog.json")
			}
		})
	}
	wg.Wait()
	b := &admin.Batch{Command: "GET", Key: []byte("k"), Requests: 1, Took: time.Millisecond}
	if n := testing.AllocsPerRun(100, func() { h.Observe(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
