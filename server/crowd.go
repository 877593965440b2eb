package server

import (
	"net"
	"net/netip"
)

// crowd counts the connections from each IP address. Server.mu protects it.
// They are counted without a limit, too, so that one can be set later.
type crowd struct {
	max   int // 0: no limit
	count map[netip.Addr]int
}

// enter counts a connection from a unless there are as many as may be.
func (c *crowd) enter(a net.Addr) bool {
	ip, ok := ipOf(a)
	if !ok {
		return true
	}
	if c.max > 0 && c.count[ip] >= c.max {
		return false
	}
	if c.count == nil {
		c.count = make(map[netip.Addr]int)
	}
	c.count[ip]++
	return true
}

// leave takes back what enter did.
func (c *crowd) leave(a net.Addr) {
	ip, ok := ipOf(a)
	if !ok {
		return
	}
	if c.count[ip]--; c.count[ip] <= 0 {
		delete(c.count, ip)
	}
}

// ipOf returns the IP address of a client that has one. An IPv4 address is the
// same on a listener for IPv6.
func ipOf(a net.Addr) (netip.Addr, bool) {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	ip := t.AddrPort().Addr().Unmap()
	return ip, ip.IsValid()
}
