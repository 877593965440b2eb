package admin

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// knows reports whether host, the Host header of a request, is an address or
// one of the names that this host goes by. Any other name may be one that a
// web page has pointed here so that a browser lets it read the answer.
func (h *Handler) knows(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return h.hosts[strings.ToLower(name)]
}

// quoted returns s in quotes and within bounds, for messages.
func quoted(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most]
	}
	return strconv.QuoteToASCII(s)
}
