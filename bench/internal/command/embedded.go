package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/sample"
	"github.com/gogibson/gibson/bench/internal/store"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// storeSeries is what the rounds gave for one store.
type storeSeries struct {
	rss, getAllocs, setAllocs []float64
	insert, get, gc           []time.Duration
}

func (s *storeSeries) add(f store.Figures) {
	s.rss, s.getAllocs, s.setAllocs = append(s.rss, f.RSSPerItem), append(s.getAllocs, f.GetAllocs), append(s.setAllocs, f.SetAllocs)
	s.insert, s.get, s.gc = append(s.insert, f.Insert), append(s.get, f.Get), append(s.gc, f.GC)
}

func runEmbedded(ctx context.Context, e *env, args []string) error {
	var names []string
	for _, k := range store.Kinds() {
		names = append(names, k.Name)
	}
	return embedded(ctx, e, args, store.Size{Items: 1_000_000, ValueSize: 100}, names)
}

// runEmbedded10M is the same with sizes at which the collector of a cache on the
// heap has a lot to do.
func runEmbedded10M(ctx context.Context, e *env, args []string) error {
	return embedded(ctx, e, args, store.Size{Items: 10_000_000, ValueSize: 16}, []string{"gibson", "freecache", "fastcache", "map"})
}

// embedded measures stores; size and names are what flags may change.
func embedded(ctx context.Context, e *env, args []string, size store.Size, names []string) error {
	var keys, valueSize, rounds, gets int
	var want string
	fs := e.flags()
	fs.IntVar(&keys, "keys", size.Items, "items in each store")
	fs.IntVar(&valueSize, "value", size.ValueSize, "`bytes` of a value")
	fs.IntVar(&rounds, "rounds", 3, "runs of each store, in turns")
	fs.IntVar(&gets, "gets", 2_000_000, "timed reads")
	fs.StringVar(&want, "stores", strings.Join(names, ","), "`names` of the stores to measure")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	var kinds []store.Kind
	for name := range strings.SplitSeq(want, ",") {
		k, err := store.Find(name)
		if err != nil {
			return err
		}
		kinds = append(kinds, k)
	}
	all := make([]storeSeries, len(kinds))
	for round := range rounds {
		for i, k := range kinds {
			f, err := embeddedOne(ctx, e, storeJob{Kind: k.Name, Size: store.Size{Items: keys, ValueSize: valueSize}, Gets: gets})
			if err != nil {
				return err
			}
			all[i].add(f)
			e.progress("round %d: %s: %.0f B per item, get %v, insert %v, collection %v", round+1, k.Name, f.RSSPerItem, f.Get, f.Insert, f.GC)
		}
	}
	table := report.NewTable("store", "RSS/item, B", "Get, ns", "insert, ns", "full GC, ms", "allocs/Get", "allocs/Set", "Get ÷ freecache", "insert ÷ freecache", "what")
	base := storeSeries{}
	for i, k := range kinds {
		if k.Name == "freecache" {
			base = all[i]
		}
	}
	for i, k := range kinds {
		s := all[i]
		table.Row(k.Name, fmt.Sprintf("%.0f", sample.Median(s.rss)), sample.Median(s.get).Nanoseconds(), sample.Median(s.insert).Nanoseconds(),
			report.Millis(sample.Median(s.gc)), fmt.Sprintf("%.1f", sample.Median(s.getAllocs)), fmt.Sprintf("%.1f", sample.Median(s.setAllocs)),
			report.Times(sample.Ratio(s.get, base.get)), report.Times(sample.Ratio(s.insert, base.insert)), k.What)
	}
	e.note("%d keys of %d bytes, values of %d bytes, random order, one goroutine; each store in a process of its own, medians of %d alternating runs.",
		keys, workload.Users().KeySize(), valueSize, rounds)
	e.note("Get copies the value into the caller's buffer. About 10 ns of each Get and insert are for choosing the key. RSS is read after a collection with free memory given back. The memory was taken and freed once before, so that no insert waits for a host to find it. Every Get is checked to be a hit of the right length.")
	return e.publish(ctx, table)
}

// storeJob is what the process of one store is told.
type storeJob struct {
	Kind string
	Size store.Size
	Gets int
}

// embeddedOne measures a store in a process of its own.
func embeddedOne(ctx context.Context, e *env, job storeJob) (store.Figures, error) {
	var f store.Figures
	err := inProcess(ctx, e, "store", job, &f)
	return f, err
}

// runStore is that process.
func runStore(_ context.Context, e *env, args []string) error {
	return asProcess(e, args, func(job storeJob) (store.Figures, error) {
		kind, err := store.Find(job.Kind)
		if err != nil {
			return store.Figures{}, err
		}
		return store.Measure(kind, job.Size, job.Gets)
	})
}

// inProcess runs a hidden command in a process of its own, which gets job and
// leaves its result as JSON.
func inProcess(ctx context.Context, e *env, name string, job, result any) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	arg, err := json.Marshal(job)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, name, string(arg))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, e.stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("process %s %s: %w", name, arg, err)
	}
	if err := json.Unmarshal(out.Bytes(), result); err != nil {
		return fmt.Errorf("process %s: %w in %.200q", name, err, out.String())
	}
	return nil
}

// asProcess does a job that inProcess sent.
func asProcess[J, R any](e *env, args []string, do func(J) (R, error)) error {
	var job J
	if len(args) != 1 {
		return fmt.Errorf("%d arguments, want one job", len(args))
	}
	if err := json.Unmarshal([]byte(args[0]), &job); err != nil {
		return err
	}
	result, err := do(job)
	if err != nil {
		return err
	}
	return json.NewEncoder(e.stdout).Encode(result)
}
