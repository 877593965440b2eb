package linear

import (
	"errors"
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
	"github.com/gogibson/gibson/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	clients = 8  // at the same time
	perEach = 14 // commands of each of them
)

// ways is how often which command is given.
var ways = []string{
	"SET", "SET", "SET", "SET", "SET", "INC", "INC", "DEC", "GET", "DEL", "TTL", "LOCK", "UNLOCK", "META", "META",
	"MDEL", "MDEL", "MDEL", "MSET", "MSET", "MTTL", "MINC", "MDEC", "MGET", "MGET", "MGET", "KEYS", "COUNT", "COUNT", "MLOCK", "MUNLOCK", "MUNLOCK",
}

// commander is one client.
type commander func(in input) string

// transports are the ways in which a server serves connections, as Server.Loops
// says them. The usual number of loops is one on a machine with two processors,
// and the commands of one loop never meet.
var transports = []struct {
	name  string
	loops int
}{{"loops", 4}, {"goroutines", -1}}

// TestServer has clients of the library at a server, each with a connection.
func TestServer(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport.name, func(t *testing.T) {
			t.Parallel()
			watch(t, serverClients(t, transport.loops, nil), 200/raceFactor)
		})
	}
}

// TestEmbedded has goroutines at a cache.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	watch(t, embeddedClients(t, nil), 500/raceFactor)
}

// TestHalfAnMDELIsNoticed has clients whose MDEL deletes key by key, and expects
// one of the histories to be refused.
func TestHalfAnMDELIsNoticed(t *testing.T) {
	t.Parallel()
	mdel := func(g gibsonish, prefix string) string {
		n := 0
		seq, err := g.Keys(prefix)
		if errors.Is(err, gibson.ErrNotFound) {
			return "0"
		} else if err != nil {
			t.Error(err)
			return ""
		}
		for key := range seq {
			if g.Delete(key) == nil {
				n++
			}
			runtime.Gosched()
		}
		return strconv.Itoa(n)
	}
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		refused(t, embeddedClients(t, mdel))
	})
	for _, transport := range transports {
		t.Run(transport.name, func(t *testing.T) {
			t.Parallel()
			refused(t, serverClients(t, transport.loops, mdel))
		})
	}
}

// refused expects one of the histories of these clients to be refused.
func refused(t *testing.T, all []commander) {
	t.Helper()
	seed := rand.Uint64()
	for n := range uint64(2000) {
		if result, _ := porcupine.CheckOperationsVerbose(specification(), record(all, seed, n), time.Minute); result == porcupine.Illegal {
			t.Logf("history %d of seed %d was refused", n, seed)
			return
		}
	}
	t.Errorf("no history of seed %d was refused", seed)
}

// serverClients returns clients of one server with so many loops; mdel, unless
// nil, is their MDEL.
func serverClients(t *testing.T, loops int, mdel func(gibsonish, string) string) []commander {
	srv := gibsontest.NewServer(t, &gibsontest.Options{Server: func(s *server.Server) { s.Loops = loops }})
	all := make([]commander, clients)
	for i := range all {
		conn, err := gibson.Dial(t.Context(), srv.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		g := remote{t.Context(), conn}
		all[i] = func(in input) string {
			if in.name == "MDEL" && mdel != nil {
				return mdel(g, in.arg)
			}
			return ask(t, g, in)
		}
	}
	return all
}

// embeddedClients returns clients of one cache; mdel, unless nil, is their MDEL.
func embeddedClients(t *testing.T, mdel func(gibsonish, string) string) []commander {
	c, err := cache.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	all := make([]commander, clients)
	for i := range all {
		all[i] = func(in input) string {
			if in.name == "MDEL" && mdel != nil {
				return mdel(local{c}, in.arg)
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
	start := time.Now()
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
		histories, len(all), operations, 100*float64(overlaps)/float64(operations), time.Since(start).Seconds(), seed)
	if overlaps == 0 {
		t.Error("no command overlapped another: nothing was shown")
	}
}

// record has the clients give commands at the same time and returns what came of
// it.
func record(all []commander, seed, n uint64) []porcupine.Operation {
	all[0](input{name: "MUNLOCK", arg: "k"})
	for i, key := range keys {
		all[0](input{name: "SET", arg: key, text: begin.value[i]})
	}
	histories := make([][]porcupine.Operation, len(all))
	var wg sync.WaitGroup
	ready := make(chan struct{})
	start := time.Now()
	for id, do := range all {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, n<<8|uint64(id)))
			<-ready
			for i := range perEach {
				in := draw(r, id, i)
				call := time.Since(start)
				out := do(in)
				histories[id] = append(histories[id], porcupine.Operation{
					ClientId: id, Input: in, Output: out, Call: int64(call), Return: int64(time.Since(start)),
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

// draw returns command i of a client. What it stores, a value or a life, no
// other does.
func draw(r *rand.Rand, id, i int) input {
	in := input{name: ways[r.IntN(len(ways))]}
	if in.arg = keys[r.IntN(len(keys))]; in.onFamily() {
		in.arg = prefixes[r.IntN(len(prefixes))]
	}
	switch in.name {
	case "SET", "MSET":
		in.text = fmt.Sprintf("c%d.%d", id, i)
	case "TTL", "MTTL":
		in.seconds = int64(100_000 + 1000*id + i)
	case "META":
		in.text = []string{"ttl", "ttl", "lock", "encoding"}[r.IntN(4)]
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
