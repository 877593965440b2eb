package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gogibson/gibson/bench/internal/policy"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/trace"
)

func runHitRatio(ctx context.Context, e *env, args []string) error {
	var dir string
	fs := e.flags()
	fs.StringVar(&dir, "traces", "cache", "`directory` of the recorded traces: oltp.gz, gli.gz, loop.gz, scarab-recs.trace.xz")
	if err := e.parse(fs, args); err != nil {
		return err
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
	table := report.NewTable(append(head, "lfu − otter", "lfu − sampled LRU", "most items")...)
	unsupported := map[string]bool{}
	for _, t := range traces {
		distinct := t.Distinct()
		for _, capacity := range t.Capacities {
			cells := []any{t.Name, len(t.Keys), distinct, capacity}
			ratios, most := map[string]float64{}, report.None
			for _, kind := range policy.Kinds() {
				if err := ctx.Err(); err != nil {
					return err
				}
				ratio, items, err := replay(kind, capacity, t.Keys)
				if errors.Is(err, policy.ErrUnsupported) {
					unsupported[kind.Name] = true
					cells = append(cells, report.None)
					continue
				}
				if err != nil {
					return fmt.Errorf("%s at %d, %s: %w", t.Name, capacity, kind.Name, err)
				}
				if kind.Name == "Gibson lfu" {
					most = fmt.Sprint(items)
				}
				ratios[kind.Name] = ratio
				cells = append(cells, report.Percent(ratio))
				e.progress("%s at %d: %s %s %%", t.Name, capacity, kind.Name, report.Percent(ratio))
			}
			table.Row(append(cells, points(ratios, "otter"), points(ratios, "sampled LRU"), most)...)
		}
	}
	for _, kind := range policy.Kinds() {
		if unsupported[kind.Name] {
			e.note("%s: %v.", kind.Name, policy.ErrUnsupported)
		}
	}
	e.note("Hit ratios in percent, items of equal size. The sampled LRU chooses among 5; ideal is Belady's policy, which knows the future.")
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

// points returns by how many points our lfu is above another policy.
func points(ratios map[string]float64, other string) string {
	ours, ok := ratios["Gibson lfu"]
	if !ok {
		return report.None
	}
	return fmt.Sprintf("%+.2f", 100*(ours-ratios[other]))
}
