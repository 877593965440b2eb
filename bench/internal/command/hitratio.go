package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gogibson/gibson/bench/internal/policy"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/sample"
	"github.com/gogibson/gibson/bench/internal/trace"
)

// ours is the policy that the others are compared with.
const ours = "Gibson lfu"

func runHitRatio(ctx context.Context, e *env, args []string) error {
	var dir string
	var rounds int
	fs := e.flags()
	fs.StringVar(&dir, "traces", "cache", "`directory` of the recorded traces: oltp.gz, gli.gz, loop.gz, scarab-recs.trace.xz")
	fs.IntVar(&rounds, "rounds", 9, "replays of each policy that differs from run to run, in turns")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	if rounds < 1 {
		return fmt.Errorf("-rounds %d: at least 1", rounds)
	}
	traces, missing, err := trace.Load(dir)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		e.note("skipped, not in the directory of traces: %s", strings.Join(missing, ", "))
		e.progress("skipped, not in %s: %s", dir, strings.Join(missing, ", "))
	}
	head := []string{"trace", "requests", "keys", "capacity"}
	for _, k := range policy.Kinds() {
		head = append(head, k.Name)
	}
	table := report.NewTable(append(head, "otter's spread", "lfu − otter", "lfu − sampled LRU", "most items")...)
	unsupported := map[string]bool{}
	for _, t := range traces {
		distinct := t.Distinct()
		for _, capacity := range t.Capacities {
			ratios, most := map[string][]float64{}, int64(0)
			for round := range rounds {
				for _, kind := range policy.Kinds() {
					if err := ctx.Err(); err != nil {
						return err
					}
					if round > 0 && !kind.Varies || unsupported[kind.Name] {
						continue
					}
					ratio, items, err := replay(kind, capacity, t.Keys)
					if errors.Is(err, policy.ErrUnsupported) {
						unsupported[kind.Name] = true
						continue
					}
					if err != nil {
						return fmt.Errorf("%s at %d, %s: %w", t.Name, capacity, kind.Name, err)
					}
					if kind.Name == ours {
						most = max(most, items)
					}
					ratios[kind.Name] = append(ratios[kind.Name], ratio)
					e.progress("%s at %d: %s %s %%", t.Name, capacity, kind.Name, report.Percent(ratio))
				}
			}
			cells := []any{t.Name, len(t.Keys), distinct, capacity}
			for _, kind := range policy.Kinds() {
				if unsupported[kind.Name] {
					cells = append(cells, report.None)
					continue
				}
				cells = append(cells, report.Percent(sample.Median(ratios[kind.Name])))
			}
			others := ratios["otter"]
			spread := fmt.Sprintf("%.2f", 100*(slices.Max(others)-slices.Min(others)))
			table.Row(append(cells, spread, points(ratios, "otter"), points(ratios, "sampled LRU"), fmt.Sprint(most))...)
		}
	}
	for _, kind := range policy.Kinds() {
		if unsupported[kind.Name] {
			e.note("%s: %v.", kind.Name, policy.ErrUnsupported)
		}
	}
	e.note("Hit ratios in percent, items of equal size. The sampled LRU chooses among 5; ideal is Belady's policy, which knows the future.")
	e.note("Gibson and otter hash with seeds of their own and are replayed %d times in turns; the table has medians. otter's spread is its highest less its lowest ratio, in points.", rounds)
	e.note("Our cache is limited by Options.MaxItems; \"most items\" is what the lfu run really held.")
	return e.publish(ctx, table)
}

// replay runs one trace against one policy. items is the most that our cache
// held, 0 for others.
func replay(kind policy.Kind, capacity int, keys []uint64) (ratio float64, items int64, err error) {
	p, err := kind.New(capacity, keys)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	ratio = policy.HitRatio(p, keys)
	if g, ok := p.(interface {
		Most() int64
		Err() error
	}); ok {
		return ratio, g.Most(), g.Err()
	}
	return ratio, 0, nil
}

// points returns by how many points our lfu's median is above another policy's.
func points(ratios map[string][]float64, other string) string {
	if len(ratios[ours]) == 0 {
		return report.None
	}
	return fmt.Sprintf("%+.2f", 100*(sample.Median(ratios[ours])-sample.Median(ratios[other])))
}
