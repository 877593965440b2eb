package gibson

import (
	"context"
	"strconv"
	"time"

	"github.com/gogibson/gibson/wire"
)

// Stats are a server's figures (docs/protocol.md, "STATS"). A figure that the
// server does not send, or sends in another form, is zero here; Pairs has
// everything as it came.
type Stats struct {
	ServerVersion string // server_version
	BuildDatetime string // server_build_datetime
	Allocator     string // server_allocator
	Arch          string // server_arch: "64" or "32"

	Started   time.Time // server_started
	Time      time.Time // server_time: the server's clock
	FirstItem time.Time // first_item_seen, the zero Time before the first item
	LastItem  time.Time // last_item_seen, the zero Time before the first item

	Items           int64 // total_items: live items
	CompressedItems int64 // total_compressed_items
	Clients         int64 // total_clients: open connections, this one included
	CronRuns        int64 // total_cron_done
	Connections     int64 // total_connections since the start
	Requests        int64 // total_requests since the start, this one included

	PoolUsed          int64 // item_pool_current_used, slots
	PoolCapacity      int64 // item_pool_current_capacity, slots
	PoolTotalCapacity int64 // item_pool_total_capacity, slots
	PoolObjectSize    int64 // item_pool_object_size, bytes
	PoolMaxBlockSize  int64 // item_pool_max_block_size, bytes

	MemoryAvailable     int64   // memory_available: of the machine or its cgroup, bytes
	MemoryUsable        int64   // memory_usable: the limit, bytes
	MemoryUsed          int64   // memory_used, bytes
	MemoryPeak          int64   // memory_peak, bytes
	MemoryFragmentation float64 // memory_fragmentation: resident over used
	ItemSizeAvg         int64   // item_size_avg, bytes
	CompressionRateAvg  int64   // compr_rate_avg: percent saved
	RequestsPerClient   float64 // reqs_per_client_avg

	Pairs []StatPair // every figure in the server's order
}

// StatPair is one figure under the server's name for it.
type StatPair struct {
	Name  string
	Value Value
}

// Stats returns the server's figures.
func (c *commands) Stats(ctx context.Context) (Stats, error) {
	cl := c.calls.newCall(wire.OpStats, wantReply)
	r, err := c.pairs(ctx, cl, "")
	if err != nil {
		return Stats{}, err
	}
	s := Stats{Pairs: make([]StatPair, 0, r.PairCount())}
	for k, v := range r.Pairs() {
		name := string(k)
		s.Pairs = append(s.Pairs, StatPair{Name: name, Value: v})
		s.set(name, v)
	}
	return s, nil
}

// set stores a figure in the field that is for it, if there is one.
func (s *Stats) set(name string, v Value) {
	if p := s.text(name); p != nil {
		*p = v.String()
		return
	}
	if p := s.ratio(name); p != nil {
		*p, _ = strconv.ParseFloat(v.String(), 64) // zero for another form, as documented
		return
	}
	n, ok := v.Int64()
	if !ok {
		return
	}
	if p := s.time(name); p != nil {
		if n > 0 {
			*p = time.Unix(n, 0)
		}
		return
	}
	if p := s.count(name); p != nil {
		*p = n
	}
}

func (s *Stats) text(name string) *string {
	switch name {
	case "server_version":
		return &s.ServerVersion
	case "server_build_datetime":
		return &s.BuildDatetime
	case "server_allocator":
		return &s.Allocator
	case "server_arch":
		return &s.Arch
	}
	return nil
}

func (s *Stats) ratio(name string) *float64 {
	switch name {
	case "memory_fragmentation":
		return &s.MemoryFragmentation
	case "reqs_per_client_avg":
		return &s.RequestsPerClient
	}
	return nil
}

func (s *Stats) time(name string) *time.Time {
	switch name {
	case "server_started":
		return &s.Started
	case "server_time":
		return &s.Time
	case "first_item_seen":
		return &s.FirstItem
	case "last_item_seen":
		return &s.LastItem
	}
	return nil
}

func (s *Stats) count(name string) *int64 {
	switch name {
	case "total_items":
		return &s.Items
	case "total_compressed_items":
		return &s.CompressedItems
	case "total_clients":
		return &s.Clients
	case "total_cron_done":
		return &s.CronRuns
	case "total_connections":
		return &s.Connections
	case "total_requests":
		return &s.Requests
	case "item_pool_current_used":
		return &s.PoolUsed
	case "item_pool_current_capacity":
		return &s.PoolCapacity
	case "item_pool_total_capacity":
		return &s.PoolTotalCapacity
	case "item_pool_object_size":
		return &s.PoolObjectSize
	case "item_pool_max_block_size":
		return &s.PoolMaxBlockSize
	case "memory_available":
		return &s.MemoryAvailable
	case "memory_usable":
		return &s.MemoryUsable
	case "memory_used":
		return &s.MemoryUsed
	case "memory_peak":
		return &s.MemoryPeak
	case "item_size_avg":
		return &s.ItemSizeAvg
	case "compr_rate_avg":
		return &s.CompressionRateAvg
	}
	return nil
}
