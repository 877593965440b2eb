package server

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/gogibson/gibson/internal/value"
	"github.com/gogibson/gibson/wire"
)

// stats asks for STATS and returns the figures by name.
func (c *client) stats() map[string]value.Value {
	c.tb.Helper()
	c.send(req(wire.OpStats, ""))
	r, err := c.reply()
	if err != nil || r.Code != wire.CodeKVal {
		c.tb.Fatalf("STATS: %v, %v", r.Code, err)
	}
	m := map[string]value.Value{}
	for k, v := range r.Pairs() {
		text := string(v.Append(nil)) // v is valid until the next reply
		if _, ok := v.Int64(); !ok {
			v = value.Bytes([]byte(text))
		}
		m[string(k)] = v
	}
	return m
}

func TestStatsPairs(t *testing.T) {
	const text, decimals, num = "text", "text of six decimals", "number"
	want := []struct{ name, kind string }{
		{"server_version", text}, {"server_build_datetime", text}, {"server_allocator", text}, {"server_arch", text},
		{"server_started", num}, {"server_time", num}, {"first_item_seen", num}, {"last_item_seen", num},
		{"total_items", num}, {"total_compressed_items", num}, {"total_clients", num}, {"total_cron_done", num},
		{"total_connections", num}, {"total_requests", num},
		{"item_pool_current_used", num}, {"item_pool_current_capacity", num}, {"item_pool_total_capacity", num},
		{"item_pool_object_size", num}, {"item_pool_max_block_size", num},
		{"memory_available", num}, {"memory_usable", num}, {"memory_used", num}, {"memory_peak", num},
		{"memory_fragmentation", decimals}, {"item_size_avg", num}, {"compr_rate_avg", num}, {"reqs_per_client_avg", decimals},
	}
	c := dial(t, start(t, &Server{Version: "1.2.3", BuildTime: "some day"}))
	c.send(req(wire.OpStats, "ignored"))
	r, err := c.reply()
	if err != nil {
		t.Fatal(err)
	}
	if r.Code != wire.CodeKVal || r.PairCount() != len(want) {
		t.Fatalf("STATS answered %v with %d pairs, want KVAL with %d", r.Code, r.PairCount(), len(want))
	}
	sixDecimals := regexp.MustCompile(`^\d+\.\d{6}$`)
	i := 0
	for k, v := range r.Pairs() {
		kind := text
		switch {
		case v.IsNumber():
			kind = num
		case sixDecimals.MatchString(v.String()):
			kind = decimals
		}
		if string(k) != want[i].name || kind != want[i].kind || v.String() == "" {
			t.Errorf("pair %d is %s, %s (%s), want %s, %s", i, k, kind, v, want[i].name, want[i].kind)
		}
		i++
	}
	st := c.stats()
	for name, want := range map[string]string{
		"server_version": "1.2.3", "server_build_datetime": "some day", "server_allocator": "malloc",
		"server_arch": strconv.Itoa(strconv.IntSize), "total_requests": "2", "reqs_per_client_avg": "2.000000",
		"total_clients": "1", "total_connections": "1", "first_item_seen": "0",
	} {
		if got := st[name].String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestStatsCounts checks what moves the figures that the server counts.
func TestStatsCounts(t *testing.T) {
	srv := &Server{MaxClients: 2}
	path := start(t, srv)
	c := dial(t, path)
	figure := func(name string) int64 {
		n, _ := c.stats()[name].Int64()
		return n
	}
	requests := func(what string, want int64, do func()) {
		t.Helper()
		before := figure("total_requests")
		do()
		if got := figure("total_requests") - before; got != want {
			t.Errorf("%s: total_requests grew by %d, want %d, this STATS included", what, got, want)
		}
	}
	requests("nothing", 1, func() {})
	requests("a pipeline", 7, func() {
		var all []byte
		for i := range 6 {
			all = append(all, req(wire.OpSet, "0 k"+strconv.Itoa(i)+" v")...)
		}
		c.send(all)
		for range 6 {
			c.want("=v")
		}
	})
	requests("malformed arguments", 2, func() { c.send(req(wire.OpGet, "")); c.want("ERR") })
	requests("an unknown opcode", 2, func() {
		d := dial(t, path)
		d.send(unknown)
		d.want("ERR")
		d.wantEnd()
		_ = d.Close()
	})
	for srv.Stats().Clients > 1 {
		c.send(req(wire.OpPing, ""))
		c.want("OK")
	}
	requests("a bad length", 1, func() {
		d := dial(t, path)
		d.send([]byte{1, 0, 0, 0})
		d.want("ERR")
		d.wantEnd()
	})

	// A STATS counts those before it in its own batch, and not those after it.
	before := figure("total_requests")
	c.send(reqs(req(wire.OpPing, ""), req(wire.OpPing, ""), req(wire.OpStats, ""), req(wire.OpPing, ""), req(wire.OpStats, "")))
	c.want("OK")
	c.want("OK")
	check := func(want int64) {
		t.Helper()
		r, err := c.reply()
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range r.Pairs() {
			if n, _ := v.Int64(); string(k) == "total_requests" && n != before+want {
				t.Errorf("total_requests grew by %d within a pipeline, want %d", n-before, want)
			}
		}
	}
	check(3)
	c.want("OK")
	check(5)
}
