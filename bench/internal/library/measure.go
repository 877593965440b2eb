package library

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gogibson/gibson/bench/internal/proc"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// Load is what the goroutines ask for.
type Load struct {
	Goroutines int
	Keys       int // of the family of users, 0 to Keys-1
	ValueSize  int
	Duration   time.Duration
	Warmup     time.Duration
}

// Figures is what one run of one library showed.
type Figures struct {
	PerSecond float64
	Allocs    float64       // per GET
	Bytes     float64       // allocated per GET
	CPU       time.Duration // of this process, per GET
}

// keyTable renders keys without allocation: each is a piece of one string.
type keyTable struct {
	all  string
	size int
}

func newKeyTable(n int) keyTable {
	family := workload.Users()
	b := make([]byte, 0, n*family.KeySize())
	for i := range uint32(n) {
		b = family.Append(b, i)
	}
	return keyTable{string(b), family.KeySize()}
}

func (t keyTable) key(i uint32) string { return t.all[int(i)*t.size : (int(i)+1)*t.size] }

// Measurer runs loads over the same keys.
type Measurer struct{ keys keyTable }

// NewMeasurer returns a Measurer for that many keys.
func NewMeasurer(keys int) *Measurer { return &Measurer{newKeyTable(keys)} }

// Run lets goroutines GET random keys for a while. Every value's length is
// checked, and that it belongs to its key.
func (m *Measurer) Run(ctx context.Context, c Client, l Load) (Figures, error) {
	if _, err := m.run(ctx, c, l, l.Warmup); err != nil {
		return Figures{}, err
	}
	var before, after runtime.MemStats
	usedBefore, err := proc.Read(0)
	if err != nil {
		return Figures{}, err
	}
	runtime.ReadMemStats(&before)
	start := time.Now()
	n, err := m.run(ctx, c, l, l.Duration)
	if err != nil {
		return Figures{}, err
	}
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	usedAfter, err := proc.Read(0)
	if err != nil {
		return Figures{}, err
	}
	if n == 0 {
		return Figures{}, errors.New("nothing was answered")
	}
	return Figures{
		PerSecond: float64(n) / elapsed.Seconds(),
		Allocs:    float64(after.Mallocs-before.Mallocs) / float64(n),
		Bytes:     float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
		CPU:       (usedAfter.CPU - usedBefore.CPU) / time.Duration(n),
	}, nil
}

// run returns the number of GETs answered within d.
func (m *Measurer) run(ctx context.Context, c Client, l Load, d time.Duration) (int64, error) {
	var stop atomic.Bool
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	defer timer.Stop()
	var total atomic.Int64
	errs := make([]error, l.Goroutines)
	var wg sync.WaitGroup
	for g := range l.Goroutines {
		get := c.Getter()
		wg.Go(func() {
			choice, n := workload.NewUniform(uint32(l.Keys), uint64(g)), int64(0)
			for !stop.Load() {
				i := choice.Next()
				key := m.keys.key(i)
				v, err := get(ctx, key)
				if err == nil {
					err = right(v, key, l.ValueSize)
				}
				if err != nil {
					errs[g] = fmt.Errorf("get %s: %w", key, err)
					stop.Store(true)
					break
				}
				n++
			}
			total.Add(n)
		})
	}
	wg.Wait()
	return total.Load(), errors.Join(errs...)
}

// right checks that v is the value of key.
func right(v []byte, key string, size int) error {
	at := len(workload.Users().Prefix)
	if len(v) != size || size < workload.Digits || string(v[:workload.Digits]) != key[at:at+workload.Digits] {
		return fmt.Errorf("wrong value of %d bytes: %.40q", len(v), v)
	}
	return nil
}
