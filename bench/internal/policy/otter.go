package policy

import "github.com/maypok86/otter/v2"

type otterPolicy struct {
	c *otter.Cache[uint64, struct{}]
}

// newOtter runs otter's maintenance in the calling goroutine, so that it holds
// its capacity at every request.
func newOtter(capacity int) (Policy, error) {
	c, err := otter.New(&otter.Options[uint64, struct{}]{
		MaximumSize: capacity,
		Executor:    func(fn func()) { fn() },
	})
	if err != nil {
		return nil, err
	}
	return otterPolicy{c}, nil
}

func (p otterPolicy) Request(key uint64) bool {
	if _, ok := p.c.GetIfPresent(key); ok {
		return true
	}
	p.c.Set(key, struct{}{})
	return false
}

func (p otterPolicy) Close() error {
	p.c.StopAllGoroutines()
	return nil
}
