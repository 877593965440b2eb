package linear

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"go.uber.org/goleak"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/gibsontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	clients = 8  // at the same time
	perEach = 14 // commands of each of them
)

// ways is how often which command is given.
var ways = []string{
	"SET", "SET", "SET", "SET", "SET", "INC", "INC", "GET", "DEL", "LOCK", "UNLOCK",
	"MDEL", "MDEL", "MSET", "MSET", "MINC", "MGET", "MGET", "MGET", "KEYS", "COUNT", "COUNT", "MLOCK", "MUNLOCK", "MUNLOCK",
}

// commander is one client.
type commander func(in input) string

// TestServer has clients of the library at a server, each with a connection.
func TestServer(t *testing.T) {
	t.Parallel()
	srv := gibsontest.NewServer(t)
	all := make([]commander, clients)
	for i := range all {
		conn, err := gibson.Dial(t.Context(), srv.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		all[i] = func(in input) string { return ask(t, remote{t.Context(), conn}, in) }
	}
	watch(t, all, 60)
}

// TestEmbedded has goroutines at a cache.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	watch(t, embeddedClients(t, nil), 60)
}

// TestHalfAnMDELIsNoticed has goroutines at a cache whose MDEL deletes key by
// key, and expects one of the histories to be refused.
func TestHalfAnMDELIsNoticed(t *testing.T) {
	t.Parallel()
	all := embeddedClients(t, func(c *cache.Cache, prefix string) string {
		n := 0
		seq, err := c.Keys(prefix)
		if err != nil {
			t.Error(err)
			return ""
		}
		for key := range seq {
			if ok, err := c.Delete(key); ok && err == nil {
				n++
			}
			runtime.Gosched()
		}
		return strconv.Itoa(n)
	})
	seed := rand.Uint64()
	for n := range uint64(2000) {
		if result, _ := porcupine.CheckOperationsVerbose(specification(), record(all, seed, n), time.Minute); result == porcupine.Illegal {
			t.Logf("history %d of seed %d was refused", n, seed)
			return
		}
	}
	t.Errorf("no history of seed %d was refused", seed)
}

// embeddedClients returns clients of one cache; mdel, unless nil, is their MDEL.
func embeddedClients(t *testing.T, mdel func(*cache.Cache, string) string) []commander {
	c, err := cache.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	all := make([]commander, clients)
	for i := range all {
		all[i] = func(in input) string {
			if in.name == "MDEL" && mdel != nil {
				return mdel(c, in.arg)
			}
			// A command is over so soon that hardly two would meet.
			runtime.Gosched()
			out := ask(t, local{c}, in)
			runtime.Gosched()
			return out
		}
	}
	return all
}

// watch judges histories of these clients: GIBSON_HISTORIES of them, or
// otherwise. GIBSON_HISTORY_SEED repeats their commands, though not their timing.
func watch(t *testing.T, all []commander, otherwise uint64) {
	histories, seed := setting(t, "GIBSON_HISTORIES", otherwise), setting(t, "GIBSON_HISTORY_SEED", rand.Uint64())
	overlaps, operations := 0, 0
	begin := time.Now()
	for n := range histories {
		history := record(all, seed, n)
		operations += len(history)
		overlaps += overlapping(history)
		result, info := porcupine.CheckOperationsVerbose(specification(), history, 5*time.Minute)
		if result != porcupine.Ok {
			path := filepath.Join(os.TempDir(), fmt.Sprintf("gibson-history-%d-%d.html", seed, n))
			t.Fatalf("history %d of GIBSON_HISTORY_SEED=%d: %v; drawn in %s (%v)", n, seed, result, path,
				porcupine.VisualizePath(specification(), info, path))
		}
	}
	t.Logf("%d histories of %d clients, %d commands, of which %.0f%% overlapped another's, %.0f s, GIBSON_HISTORY_SEED=%d",
		histories, len(all), operations, 100*float64(overlaps)/float64(operations), time.Since(begin).Seconds(), seed)
	if overlaps == 0 {
		t.Error("no command overlapped another: nothing was shown")
	}
}

// record has the clients give commands at the same time and returns what came of
// it. The keys are empty at the beginning.
func record(all []commander, seed, n uint64) []porcupine.Operation {
	all[0](input{name: "MUNLOCK", arg: "k"})
	all[0](input{name: "MDEL", arg: "k"})
	histories := make([][]porcupine.Operation, len(all))
	var wg sync.WaitGroup
	ready := make(chan struct{})
	begin := time.Now()
	for id, do := range all {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, n<<8|uint64(id)))
			<-ready
			for i := range perEach {
				in := draw(r, fmt.Sprintf("c%d.%d", id, i))
				call := time.Since(begin)
				out := do(in)
				histories[id] = append(histories[id], porcupine.Operation{
					ClientId: id, Input: in, Output: out, Call: int64(call), Return: int64(time.Since(begin)),
				})
				if r.IntN(3) == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	close(ready)
	wg.Wait()
	var history []porcupine.Operation
	for _, h := range histories {
		history = append(history, h...)
	}
	return history
}

// draw returns a command; text is a value that no other has.
func draw(r *rand.Rand, text string) input {
	in := input{name: ways[r.IntN(len(ways))]}
	if in.arg = keys[r.IntN(len(keys))]; in.name == "COUNT" || in.name == "KEYS" || in.name[0] == 'M' {
		in.arg = prefixes[r.IntN(len(prefixes))]
	}
	if in.name == "SET" || in.name == "MSET" {
		in.text = text
	}
	return in
}

// overlapping counts the commands that were given while another was not answered.
func overlapping(history []porcupine.Operation) int {
	n := 0
	for i, a := range history {
		for j, b := range history {
			if i != j && a.Call < b.Return && b.Call < a.Return {
				n++
				break
			}
		}
	}
	return n
}

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
