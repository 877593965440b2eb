package config

import (
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Listener is an address of the directive listen.
type Listener struct {
	Network string // unix, tcp or tls
	Address string // the path of a unix socket, host:port otherwise

	Mode        fs.FileMode // of a unix socket; 0: unix_socket_mode
	ClientCA    string      // for tls, a file, or "off"; "": tls_client_ca
	ClientNames []string    // for tls; nil: tls_client_names

	text   string // as written
	source Source // where
}

// String returns the listener as it was written.
func (l Listener) String() string { return l.text }

// parseListener reads unix:///path?mode=0770, tcp://host:port or
// tls://host:port?client_ca=FILE&client_names=a,b.
func parseListener(text string) (Listener, bool) {
	l := Listener{text: text}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Fragment != "" || strings.ContainsFunc(text, isControl) {
		return l, false
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return l, false
	}
	l.Network = u.Scheme
	for name, given := range query {
		if len(given) != 1 || !l.parameter(name, given[0]) {
			return l, false
		}
	}
	switch u.Scheme {
	case "unix":
		l.Address = u.Path
		return l, u.Host == "" && len(u.Path) > 1
	case "tcp", "tls":
		l.Address = u.Host
		h, port, err := net.SplitHostPort(u.Host)
		var n int
		return l, err == nil && u.Path == "" && (host{&h}).set(h) && (number{&n, 0, 65535}).set(port)
	}
	return l, false
}

// parameter takes one of what follows the question mark.
func (l *Listener) parameter(name, text string) bool {
	switch {
	case name == "mode" && l.Network == "unix":
		return mode{&l.Mode}.set(text)
	case name == "client_ca" && l.Network == "tls":
		l.ClientCA = text
		return text != ""
	case name == "client_names" && l.Network == "tls":
		l.ClientNames = strings.Split(text, ",")
		return !slices.Contains(l.ClientNames, "")
	}
	return false
}

// TLSClients returns who may come to a tls listener: clients with a
// certificate of the authorities in the file ca, any client if that is empty,
// and of them those with one of the names, all if there are none.
func (c *Config) TLSClients(l Listener) (ca string, names []string) {
	ca, names = c.TLSClientCA, c.TLSClientNames
	if l.ClientCA != "" {
		ca = l.ClientCA
	}
	if l.ClientNames != nil {
		names = l.ClientNames
	}
	if ca == "off" {
		ca = ""
		if l.ClientNames == nil {
			names = nil // those are about certificates that this listener does not ask for
		}
	}
	return ca, names
}

// TLSKey returns the file with the private key of the i-th certificate.
func (c *Config) TLSKey(i int) string {
	if len(c.TLSKeys) == 0 {
		return c.TLSCerts[i]
	}
	return c.TLSKeys[i]
}

// usesTLS reports whether a listener does.
func (c *Config) usesTLS() bool {
	return slices.ContainsFunc(c.Listen, func(l Listener) bool { return l.Network == "tls" })
}

// listeners is up to most addresses with blanks between them.
type listeners struct {
	list *[]Listener
	most int
}

func (v listeners) set(text string) bool {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > v.most {
		return false
	}
	var all []Listener
	for _, w := range words {
		l, ok := parseListener(w)
		if !ok {
			return false
		}
		all = append(all, l)
	}
	*v.list = all
	return true
}

func (v listeners) text() string {
	var words []string
	for _, l := range *v.list {
		words = append(words, l.text)
	}
	return strings.Join(words, " ")
}

func (v listeners) kind() string { return "addresses" }
func (v listeners) allowed() string {
	return "unix:///PATH, with ?mode=0770 if need be, tcp://HOST:PORT, or tls://HOST:PORT, with ?client_names=NAME,NAME and client_ca=FILE or off if need be"
}
