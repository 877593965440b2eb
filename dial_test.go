package gibson_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/gogibson/gibson"
)

func TestSplitAddress(t *testing.T) {
	for _, tc := range []struct{ address, network, addr string }{
		{"/tmp/gibson.sock", "unix", "/tmp/gibson.sock"},
		{"./s", "unix", "./s"},
		{"@abstract", "unix", "@abstract"},
		{"unix:///tmp/gibson.sock", "unix", "/tmp/gibson.sock"},
		{"unix://s", "unix", "s"},
		{"127.0.0.1:10128", "tcp", "127.0.0.1:10128"},
		{"localhost", "tcp", "localhost:10128"},
		{"tcp://cache:1", "tcp", "cache:1"},
		{"tcp://cache", "tcp", "cache:10128"},
		{"tls://cache", "tls", "cache:10128"},
		{"[::1]:5", "tcp", "[::1]:5"},
		{"[::1]", "tcp", "[::1]:10128"},
		{"::1", "tcp", "[::1]:10128"},
		{"", "", ""},
		{"tcp://", "", ""},
		{"unix://", "", ""},
		{"http://cache", "", ""},
	} {
		network, addr, tls, err := gibson.SplitAddress(tc.address)
		if tls {
			network = "tls"
		}
		if network != tc.network || addr != tc.addr || (err == nil) != (tc.network != "") {
			t.Errorf("%q: %q, %q, %v, want %q, %q", tc.address, network, addr, err, tc.network, tc.addr)
		}
	}
}

func TestDialFails(t *testing.T) {
	for _, address := range []string{"", "http://x", t.TempDir() + "/nobody"} {
		if c, err := gibson.Dial(t.Context(), address, nil); err == nil {
			c.Close()
			t.Errorf("Dial(%q) succeeded", address)
		} else if !strings.HasPrefix(err.Error(), "gibson: ") {
			t.Errorf("Dial(%q): message %q", address, err)
		}
	}
	for _, o := range []gibson.Options{{MaxKeySize: -1}, {MaxValueSize: -1}, {MaxReplySize: -1}, {MaxInFlight: -1}, {DialTimeout: -1}, {ReadTimeout: -1}, {WriteTimeout: -1}} {
		if c, err := gibson.Dial(t.Context(), fake(t, func(net.Conn) {}), &o); err == nil {
			c.Close()
			t.Errorf("Dial with %+v succeeded", o)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gibson.Dial(ctx, "127.0.0.1:1", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial with an ended context: %v", err)
	}
}

func TestDialTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no TCP here:", err)
	}
	defer ln.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		if nc, err := ln.Accept(); err == nil {
			answering(echo)(nc)
			nc.Close()
		}
	}()
	c := dial(t, "tcp://"+ln.Addr().String(), nil)
	if got, err := c.Get(t.Context(), "k"); err != nil || string(got) != "k" {
		t.Errorf("Get = %q, %v", got, err)
	}
	if want := "tcp://" + ln.Addr().String(); c.Addr() != want {
		t.Errorf("Addr %q, want %q", c.Addr(), want)
	}
	c.Close()
	within(t, served, "server after Close")
}
