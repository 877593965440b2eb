package integration

import (
	"strconv"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
)

// embeddedClient calls the cache in this process. All clients of a world are
// one and the same cache: its methods may be called by everybody.
type embeddedClient struct{ api embedded }

func (c *embeddedClient) do(t testing.TB, r request) outcome {
	t.Helper()
	return call(t, c.api, r)
}

// figures implements figurer with the engine's part of STATS.
func (c *embeddedClient) figures(t testing.TB) map[string]string {
	t.Helper()
	s, err := c.api.Stats()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, n := range map[string]int64{
		"first_item_seen":            s.FirstItemSeen,
		"last_item_seen":             s.LastItemSeen,
		"total_items":                s.Items,
		"total_compressed_items":     s.CompressedItems,
		"total_cron_done":            s.CronDone,
		"item_pool_current_used":     s.ItemPoolUsed,
		"item_pool_current_capacity": s.ItemPoolCapacity,
		"item_pool_total_capacity":   s.ItemPoolTotal,
		"item_pool_object_size":      s.ItemPoolObjectSize,
		"item_pool_max_block_size":   s.ItemPoolMaxBlock,
		"memory_available":           s.MemoryAvailable,
		"memory_usable":              s.MemoryUsable,
		"memory_used":                s.MemoryUsed,
		"memory_peak":                s.MemoryPeak,
		"item_size_avg":              s.ItemSizeAvg,
		"compr_rate_avg":             s.CompressionRateAvg,
	} {
		out[name] = strconv.FormatInt(n, 10)
	}
	return out
}

// embedded gives the cache's methods the shape of typed: absent becomes
// ErrNotFound.
type embedded struct{ *cache.Cache }

func found(ok bool, err error) error {
	if err == nil && !ok {
		return cache.ErrNotFound
	}
	return err
}

func (e embedded) Value(key string) (gibson.Value, error) {
	v, ok, err := e.Cache.Value(key)
	return v, found(ok, err)
}

func (e embedded) Delete(key string) error { return found(e.Cache.Delete(key)) }

func (e embedded) TTL(key string, ttl time.Duration) error { return found(e.Cache.TTL(key, ttl)) }

func (e embedded) Lock(key string, d time.Duration) error { return found(e.Cache.Lock(key, d)) }

func (e embedded) Unlock(key string) error { return found(e.Cache.Unlock(key)) }

func (e embedded) Meta(key, field string) (int64, error) {
	method, ok := map[string]func(string) (int64, bool, error){
		"size":     e.MetaSize,
		"encoding": e.MetaEncoding,
		"access":   e.MetaAccess,
		"created":  e.MetaCreated,
		"ttl":      e.MetaTTL,
		"left":     e.MetaLeft,
		"lock":     e.MetaLock,
		"":         e.MetaSize, // only reached to see the key refused
	}[field]
	if !ok {
		return 0, errScript
	}
	n, ok, err := method(key)
	return n, found(ok, err)
}
