package cache

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestBadOptions(t *testing.T) {
	t.Parallel()
	for field, opts := range map[string]Options{
		"MaxMemory":    {MaxMemory: -1},
		"MaxItemTTL":   {MaxItemTTL: -time.Second},
		"MaxItems":     {MaxItems: -1},
		"MaxKeySize":   {MaxKeySize: -1},
		"MaxValueSize": {MaxValueSize: -1},
		"Compression":  {Compression: -2},
		"Eviction":     {Eviction: 200},
		"GCRatio":      {GCRatio: time.Millisecond},
		"GCInterval":   {GCInterval: -1},
	} {
		c, err := New(&opts)
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "Options."+field+" is ") {
			t.Errorf("%+v: %v, want an error about %s", opts, err, field)
		}
	}
	for _, opts := range []Options{
		{MaxItemTTL: 1<<63 - 1}, {MaxMemory: 20<<30 + 1}, {MaxKeySize: 16<<20 + 1}, {MaxValueSize: 1<<30 + 1},
	} {
		if c, err := New(&opts); err == nil {
			c.Close()
			t.Errorf("%+v: no error", opts)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*Options{"nil": nil, "zero": {}} {
		s, err := opts.resolve()
		if err != nil {
			t.Fatal(name, err)
		}
		limit := int64(1 << 30)
		if s.available > 0 {
			limit = min(limit, s.available/2)
		}
		if s.MaxMemory != limit || s.maxTTL != 2592000 || s.MaxKeySize != 1024 || s.MaxValueSize != 2096127 ||
			s.Compression != 4096 || s.Eviction != EvictLFU || s.gcRatio != 900 || s.GCInterval != 15*time.Second ||
			s.Clock == nil || s.ownTime {
			t.Errorf("%s: %+v", name, s)
		}
	}
	opts := Options{}
	open(t, opts)
	if !reflect.DeepEqual(opts, Options{}) {
		t.Errorf("New changed its argument: %+v", opts)
	}
}

func TestEvictionString(t *testing.T) {
	t.Parallel()
	for e, want := range map[Eviction]string{EvictGCRatio: "gc_ratio", EvictNone: "none", 9: "Eviction(9)"} {
		if got := e.String(); got != want {
			t.Errorf("%d is %q, want %q", e, got, want)
		}
	}
}
