package config_test

import (
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/config"
)

// TestListen reads the addresses of listen from several lines and sources.
func TestListen(t *testing.T) {
	c := resolve(t, "tls_cert /a.pem /b.pem\ntls_client_ca /ca\ntls_client_names web db\n"+
		"listen unix:///s?mode=0770 tcp://[::1]:7\nlisten tls://0.0.0.0:8\nlisten tls://10.0.0.1:9?client_names=a,b&client_ca=%2Fother%20ca\nlisten tls://127.0.0.1:10?client_ca=off\n")
	type listener struct {
		network, address string
		mode             fs.FileMode
		ca               string
		names            []string
	}
	var got []listener
	for _, l := range c.Listen {
		g := listener{network: l.Network, address: l.Address, mode: l.Mode}
		if l.Network == "tls" {
			g.ca, g.names = c.TLSClients(l)
		}
		got = append(got, g)
	}
	want := []listener{
		{network: "unix", address: "/s", mode: 0o770},
		{network: "tcp", address: "[::1]:7"},
		{"tls", "0.0.0.0:8", 0, "/ca", []string{"web", "db"}},
		{"tls", "10.0.0.1:9", 0, "/other ca", []string{"a", "b"}},
		{"tls", "127.0.0.1:10", 0, "", nil},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if c.TLSKey(1) != "/b.pem" || c.Source("listen").Line != 7 {
		t.Errorf("second key %s, listen from %s", c.TLSKey(1), c.Source("listen"))
	}
	if c = resolve(t, "tls_cert /c\ntls_key /k\nlisten tls://127.0.0.1:1\n"); c.TLSKey(0) != "/k" {
		t.Errorf("key %s, want /k", c.TLSKey(0))
	}
	// The flags' addresses replace those of the file, and add up among themselves.
	file, err := config.Parse("f", strings.NewReader("listen tcp://127.0.0.1:1\nlisten tcp://127.0.0.1:2\n"))
	if err != nil {
		t.Fatal(err)
	}
	flag := func(value string) config.Setting {
		return config.Setting{Directive: "listen", Value: value, Source: config.Source{Kind: config.Flag, Name: "--listen"}}
	}
	c, err = config.Resolve(file, []config.Setting{flag("tcp://127.0.0.1:3"), flag("tcp://127.0.0.1:4 unix:///s")})
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, l := range c.Listen {
		addresses = append(addresses, l.Address)
	}
	if want := []string{"127.0.0.1:3", "127.0.0.1:4", "/s"}; !slices.Equal(addresses, want) {
		t.Errorf("got %q, want %q", addresses, want)
	}
}

func TestListenIsChecked(t *testing.T) {
	d, _ := config.Lookup("listen")
	for _, bad := range []string{
		"10128", "127.0.0.1:10128", "udp://127.0.0.1:1", "unix://s", "unix:///", "unix:///s?mode=9", "unix:///s?client_ca=x", "tcp://127.0.0.1",
		"tcp://127.0.0.1:1/path", "tcp://127.0.0.1:1?mode=0700", "tcp://u@127.0.0.1:1", "tls://127.0.0.1:1?client_names=a,,b", "tls://127.0.0.1:1?client_ca=",
		"tls://127.0.0.1:1?client_ca=a&client_ca=b", "tls://127.0.0.1:70000", "tls://:1", "tls://127.0.0.1:1#x", strings.Repeat("unix:///s ", 33),
	} {
		if d.Check(bad) == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestTLSMayBePublic tells which listeners other machines may reach.
func TestTLSMayBePublic(t *testing.T) {
	const tls = "tls_cert /c\ntls_client_ca /ca\n"
	for in, allowed := range map[string]bool{
		tls + "listen tls://0.0.0.0:1\n":                                          true,
		tls + "listen tls://cache.example:1?client_names=web\n":                   true,
		tls + "listen tls://0.0.0.0:1?client_ca=off\n":                            false,
		"tls_cert /c\nlisten tls://0.0.0.0:1\n":                                   false,
		"tls_cert /c\nlisten tls://0.0.0.0:1?client_ca=/ca\n":                     true,
		"tls_cert /c\nlisten tls://127.0.0.1:1\n":                                 true,
		tls + "listen tcp://0.0.0.0:1\n":                                          false,
		tls + "listen tls://0.0.0.0:1\naddress 0.0.0.0\n":                         false,
		tls + "listen tcp://0.0.0.0:1\nallow_unauthenticated yes\n":               true,
		"tls_cert /c\nlisten tls://0.0.0.0:1\nallow_unauthenticated yes\n":        true,
		"listen tls://0.0.0.0:1\nallow_unauthenticated yes\n":                     false,
		"tls_cert /c\ntls_client_names web\nlisten tls://127.0.0.1:1\n":           false,
		tls + "tls_client_names web\nlisten tls://127.0.0.1:1?client_ca=off\n":    true,
		tls + "listen tls://127.0.0.1:1?client_ca=off&client_names=web\n":         false,
		"listen tcp://127.0.0.1:1 tcp://[::1]:1 tcp://localhost:1 unix:///s\n":    true,
		"unix_socket /s\naddress 127.0.0.1\nlisten tcp://127.0.0.1:1 unix:///t\n": true,
	} {
		settings, err := config.Parse("f", strings.NewReader(in))
		if err == nil {
			_, err = config.Resolve(settings)
		}
		if (err == nil) != allowed {
			t.Errorf("%q: %v, want that it is allowed: %v", in, err, allowed)
		}
		if err != nil && !strings.Contains(err.Error(), "tls_c") && !strings.Contains(err.Error(), "tls://") {
			t.Errorf("%q: %v does not say what to write", in, err)
		}
	}
}

// TestReloadTLS takes files and names over as long as the listeners are the
// same.
func TestReloadTLS(t *testing.T) {
	const listen = "listen tls://0.0.0.0:1\n"
	c := resolve(t, "tls_cert /c\ntls_key /k\ntls_client_ca /ca\ntls_client_names web\n"+listen)
	changed, restart := c.Reload(resolve(t, "tls_cert /d\ntls_client_ca /other\n"+listen))
	if len(changed) != 4 || len(restart) != 0 || c.TLSCerts[0] != "/d" || c.TLSKey(0) != "/d" || c.TLSClientCA != "/other" || len(c.TLSClientNames) != 0 {
		t.Errorf("changed %v, restart %v, in effect %+v", changed, restart, c)
	}
	// The next configuration is right for itself. Half of it would let
	// everybody in.
	changed, restart = c.Reload(resolve(t, "tls_cert /d\nlisten tls://127.0.0.1:1\n"))
	if len(changed) != 0 || len(restart) != 2 || c.TLSClientCA != "/other" {
		t.Errorf("changed %v, restart %v, client CA %q", changed, restart, c.TLSClientCA)
	}
}

// TestGivenTwice keeps the last, as the original does, and says so.
func TestGivenTwice(t *testing.T) {
	c := resolve(t, "max_memory 1G\nport 1\nmax-memory 2G\n")
	if c.MaxMemory != 2<<30 || c.Source("max_memory").Line != 3 {
		t.Errorf("max_memory is %d from %s, want the last", c.MaxMemory, c.Source("max_memory"))
	}
	if w := c.Warnings(); len(w) != 1 || w[0] != "f:3: max_memory is given again: this overrides line 1" {
		t.Errorf("warnings %q", w)
	}
}
