package server

import (
	"runtime/debug"
	"strconv"

	"github.com/gogibson/gibson/cache"
)

// figure is one pair of STATS: a number or a text.
type figure struct {
	name   string
	number int64
	text   string
	isText bool
}

func number(name string, n int64) figure { return figure{name: name, number: n} }
func text(name, s string) figure         { return figure{name: name, text: s, isText: true} }

// ratio is a text with six decimals, 0 where there is nothing to divide by.
func ratio(name string, a, b int64) figure {
	var r float64
	if b != 0 {
		r = float64(a) / float64(b)
	}
	return text(name, strconv.FormatFloat(r, 'f', 6, 64))
}

// figures returns the pairs of STATS in their order (docs/protocol.md,
// "STATS"). Some clients check that there are exactly these: what else there
// is to know is in Stats. requests counts the one that asks; resident is the
// process's memory as the operating system sees it.
func (s *Server) figures(st cache.Stats, requests, resident int64) [27]figure {
	connections := s.counters.connections.Load()
	return [...]figure{
		text("server_version", s.cfg.version),
		text("server_build_datetime", s.cfg.buildTime),
		text("server_allocator", "malloc"), // old test suites accept this or jemalloc
		text("server_arch", strconv.Itoa(strconv.IntSize)),
		number("server_started", s.cfg.started.Unix()),
		number("server_time", s.cfg.clock.Wall().Unix()),
		number("first_item_seen", st.FirstItemSeen),
		number("last_item_seen", st.LastItemSeen),
		number("total_items", st.Items),
		number("total_compressed_items", st.CompressedItems),
		number("total_clients", s.counters.clients.Load()),
		number("total_cron_done", st.CronDone),
		number("total_connections", connections),
		number("total_requests", requests),
		number("item_pool_current_used", st.ItemPoolUsed),
		number("item_pool_current_capacity", st.ItemPoolCapacity),
		number("item_pool_total_capacity", st.ItemPoolTotal),
		number("item_pool_object_size", st.ItemPoolObjectSize),
		number("item_pool_max_block_size", st.ItemPoolMaxBlock),
		number("memory_available", st.MemoryAvailable),
		number("memory_usable", st.MemoryUsable),
		number("memory_used", st.MemoryUsed),
		number("memory_peak", st.MemoryPeak),
		ratio("memory_fragmentation", resident, st.MemoryUsed),
		number("item_size_avg", st.ItemSizeAvg),
		number("compr_rate_avg", st.CompressionRateAvg),
		ratio("reqs_per_client_avg", requests, connections),
	}
}

// buildInfo returns the module version and the commit time that the program
// was built from, as far as the build recorded them.
func buildInfo() (version, buildTime string) {
	version, buildTime = "(devel)", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, buildTime
	}
	// In another program's build, that program's version is not this server's.
	const path = "github.com/gogibson/gibson"
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == path && m.Version != "" && m.Version != "(devel)" {
			version = m.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" && info.Main.Path == path {
			buildTime = s.Value
		}
	}
	return version, buildTime
}
