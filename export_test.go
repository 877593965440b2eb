package gibson

import "net"

// NewConn returns a Conn over any net.Conn, with the defaults of Options.
func NewConn(nc net.Conn) *Conn {
	o, err := new(Options).resolved()
	if err != nil {
		panic(err)
	}
	return newConn(nc, "test", o)
}

// SplitAddress is what Dial makes of an address.
func SplitAddress(address string) (network, addr string, tls bool, err error) {
	t, err := splitAddress(address)
	return t.network, t.addr, t.tls, err
}

// Unsent reports whether err says that the server saw nothing of a request.
func Unsent(err error) bool {
	for {
		if _, ok := err.(*unsentError); ok {
			return true
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return false
		}
		err = u.Unwrap()
	}
}

// NetConn returns what c reads and writes.
func NetConn(c *Conn) net.Conn { return c.nc }
