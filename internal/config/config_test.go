package config_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gogibson/gibson/internal/config"
)

var update = flag.Bool("update", false, "write what is generated from the table of directives, and the expected errors")

// TestOriginalFile reads the directives and values of the configuration that
// the original server ships.
func TestOriginalFile(t *testing.T) {
	settings, err := config.ReadFile("testdata/gibson.conf")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Resolve(settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name      string
		got, want any
	}{
		{"LogFile", c.LogFile, "/var/log/gibson.log"},
		{"LogLevel", c.LogLevel, slog.LevelInfo},
		{"LogFlushRate", c.LogFlushRate, 1},
		{"UnixSocket", c.UnixSocket, "/var/run/gibson.sock"},
		{"Daemonize", c.Daemonize, true},
		{"PIDFile", c.PIDFile, "/var/run/gibson.pid"},
		{"MaxMemory", c.MaxMemory, int64(1 << 30)},
		{"MaxItemTTL", c.MaxItemTTL, 30 * 24 * time.Hour},
		{"KeepAlive", c.KeepAlive, 30 * time.Second},
		{"MaxClients", c.MaxClients, 255},
		{"MaxRequestSize", c.MaxRequestSize, 2 << 20},
		{"MaxKeySize", c.MaxKeySize, 1 << 10},
		{"MaxValueSize", c.MaxValueSize, 2096127},
		{"MaxResponseSize", c.MaxResponseSize, 15 << 20},
		{"GCRatio", c.GCRatio, 15 * time.Minute},
		{"Compression", c.Compression, 4 << 10},
		{"MaxMemCron", c.MaxMemCron, 15 * time.Second},
	} {
		if f.got != f.want {
			t.Errorf("%s is %v, want %v", f.name, f.got, f.want)
		}
	}
	if unix, tcp := c.Listeners(); !unix || tcp {
		t.Errorf("listeners unix %v, TCP %v, want the socket alone, which the file names", unix, tcp)
	}
	if w := c.Warnings(); w != nil {
		t.Errorf("warnings %q, want none", w)
	}
	if got := c.Source("pidfile").String(); got != "testdata/gibson.conf:7" {
		t.Errorf("pidfile comes from %s, want line 7", got)
	}
	// What the table says the original ships is what the file says.
	shipped := make(map[string]string)
	for _, s := range settings {
		shipped[s.Directive] = s.Value
	}
	for _, d := range config.Directives() {
		if d.Shipped != shipped[d.Name] {
			t.Errorf("%s: the table has %q as shipped, the file %q", d.Name, d.Shipped, shipped[d.Name])
		}
	}
}

// TestOriginalDirectives holds the table to the original's directives.
func TestOriginalDirectives(t *testing.T) {
	want := strings.Fields(`logfile loglevel logflushrate unix_socket address port daemonize pidfile max_memory max_item_ttl
		max_idletime max_clients max_request_size max_key_size max_value_size max_response_size gc_ratio compression cron_period
		expired_cron max_mem_cron`)
	n := 0
	for _, name := range want {
		d, ok := config.Lookup(name)
		if !ok || !d.Original {
			t.Errorf("%s: in the table %v, the original's %v", name, ok, d.Original)
		}
	}
	for _, d := range config.Directives() {
		if d.Original {
			n++
		}
	}
	if n != len(want) {
		t.Errorf("%d directives are the original's, want %d", n, len(want))
	}
}

// TestBroken reads configurations that are wrong and compares the messages.
func TestBroken(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.conf")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v, want twenty or more", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		settings, err := config.Parse(name, bytes.NewReader(data))
		if err == nil {
			_, err = config.Resolve(settings)
		}
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		want := strings.TrimSuffix(file, ".conf") + ".want"
		got := err.Error() + "\n"
		if *update {
			if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		expected, err := os.ReadFile(want)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(expected) {
			t.Errorf("%s:\n got %swant %s", name, got, expected)
		}
	}
}

func TestParse(t *testing.T) {
	in := "# a comment\n\n\t max-memory \t 64M \r\n#port 1\nlogfile /var/log/a #b c  # really\nidle_timeout\t1h#no\n"
	settings, err := config.Parse("f", strings.NewReader(strings.Replace(in, "1h#no", "1h #yes", 1)))
	if err != nil {
		t.Fatal(err)
	}
	src := func(line int) config.Source { return config.Source{Kind: config.File, Name: "f", Line: line} }
	want := []config.Setting{
		{Directive: "max_memory", Value: "64M", Source: src(3)},
		{Directive: "logfile", Value: "/var/log/a", Source: src(5)},
		{Directive: "idle_timeout", Value: "1h", Source: src(6)},
	}
	if !reflect.DeepEqual(settings, want) {
		t.Errorf("got %+v\nwant %+v", settings, want)
	}
	// Without a blank before it, a # is part of the value.
	if _, err := config.Parse("f", strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), `f:6: idle_timeout is "1h#no"`) {
		t.Errorf("got %v, want the value with the #", err)
	}
}

func TestParseFails(t *testing.T) {
	if _, err := config.Parse("f", strings.NewReader("port 1\nlogfile "+strings.Repeat("x", 1<<17))); err == nil || !strings.Contains(err.Error(), "f:2: the line is too long") {
		t.Errorf("got %v, want line 2 too long", err)
	}
	broken := errors.New("broken")
	if _, err := config.Parse("f", io.MultiReader(strings.NewReader("port 1\n"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
	if _, err := config.ReadFile("testdata/nosuch"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no file", err)
	}
}

// TestPrecedence gives one directive in more and more layers.
func TestPrecedence(t *testing.T) {
	file, err := config.Parse("g.conf", strings.NewReader("max_clients 2\nport 2\nmax_key_size 2K\n"))
	if err != nil {
		t.Fatal(err)
	}
	env, err := config.FromEnvironment([]string{"GIBSON_PORT=3", "GIBSON_MAX_KEY_SIZE=3K", "GIBSON_ADDR=unknown", "GIBSON_LOGFILE=", "PORT=9", "GIBSON_TOKEN"})
	if err != nil {
		t.Fatal(err)
	}
	flags := []config.Setting{{Directive: "max_key_size", Value: "4K", Source: config.Source{Kind: config.Flag, Name: "--max-key-size"}}}
	c, err := config.Resolve(file, env, flags)
	if err != nil {
		t.Fatal(err)
	}
	if c.MaxItemTTL != 720*time.Hour || c.MaxClients != 2 || c.Port != 3 || c.MaxKeySize != 4<<10 {
		t.Errorf("got ttl %v, clients %d, port %d, key size %d, want 720h, 2, 3, 4096", c.MaxItemTTL, c.MaxClients, c.Port, c.MaxKeySize)
	}
	for name, want := range map[string]string{
		"max_item_ttl": "default", "max_clients": "g.conf:1", "port": "GIBSON_PORT", "max_key_size": "--max-key-size", "logfile": "default",
	} {
		if got := c.Source(name).String(); got != want {
			t.Errorf("%s comes from %s, want %s", name, got, want)
		}
	}
}

func TestEnvironmentErrors(t *testing.T) {
	_, err := config.FromEnvironment([]string{"GIBSON_PORT=x", "GIBSON_LOGLEVEL=loud"})
	want := "GIBSON_PORT: port is \"x\", want a whole number from 0 to 65535\n" +
		"GIBSON_LOGLEVEL: loglevel is \"loud\", want 0 (debug), 1 (info), 2 (warning), 3 (error) or 4 (critical)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestResolveChecksSettings(t *testing.T) {
	flag := func(name, value string) []config.Setting {
		return []config.Setting{{Directive: name, Value: value, Source: config.Source{Kind: config.Flag, Name: "--" + name}}}
	}
	_, err := config.Resolve(flag("nosuch", "1"), flag("port", "-1"))
	var e *config.Error
	if !errors.As(err, &e) || e.Source.Name != "--nosuch" || !strings.Contains(err.Error(), `--port: port is "-1"`) {
		t.Errorf("got %v, want both mistakes", err)
	}
}

// TestAddress tells which addresses need allow_unauthenticated.
func TestAddress(t *testing.T) {
	for address, loopback := range map[string]bool{
		"127.0.0.1": true, "127.1.2.3": true, "::1": true, "::ffff:127.0.0.1": true, "localhost": true,
		"0.0.0.0": false, "::": false, "192.168.1.1": false, "10.0.0.1": false, "localhost.example": false, "gibson": false,
	} {
		s := []config.Setting{{Directive: "address", Value: address, Source: config.Source{Kind: config.Flag, Name: "--address"}}}
		c, err := config.Resolve(s)
		if loopback != (err == nil) {
			t.Errorf("address %s: %v, want an error: %v", address, err, !loopback)
		}
		if err != nil && !strings.Contains(err.Error(), `write "allow_unauthenticated yes"`) {
			t.Errorf("address %s: %v does not say what to write", address, err)
		}
		if err == nil && !c.Loopback() {
			t.Errorf("address %s is not loopback", address)
		}
		allowed := append(s, config.Setting{Directive: "allow_unauthenticated", Value: "yes"})
		if _, err := config.Resolve(allowed); err != nil {
			t.Errorf("address %s with allow_unauthenticated: %v", address, err)
		}
		// An address that is not listened on harms nobody: there is none.
		if !loopback {
			socket := config.Setting{Directive: "unix_socket", Value: "/s", Source: config.Source{Kind: config.Flag}}
			if _, err := config.Resolve([]config.Setting{socket}); err != nil {
				t.Errorf("a socket alone: %v", err)
			}
		}
	}
}

func TestListeners(t *testing.T) {
	for in, want := range map[string][2]bool{
		"":                             {true, true},
		"max_memory 1G\n":              {true, true},
		"unix_socket /s\n":             {true, false},
		"port 1\n":                     {false, true},
		"address ::1\n":                {false, true},
		"unix_socket /s\nport 10128\n": {true, true},
		"unix_socket_mode 0777\n":      {true, true},
		"listen tcp://127.0.0.1:1\n":   {false, false},
		"port 1\nlisten unix:///s\n":   {false, true},
	} {
		c := resolve(t, in)
		if unix, tcp := c.Listeners(); unix != want[0] || tcp != want[1] {
			t.Errorf("%q: unix %v, TCP %v, want %v", in, unix, tcp, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"max_value_size 3M\n":              "no value above max_request_size, 2M",
		"daemonize 1\n":                    "nothing will be logged",
		"daemonize 1\nlogfile /l\n":        "",
		"max_value_size 1M\ndaemonize 0\n": "",
		"tls_cert /c\nport 1\n":            "nothing listens with TLS",
	} {
		got := strings.Join(resolve(t, in).Warnings(), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func resolve(t *testing.T, text string) *config.Config {
	t.Helper()
	settings, err := config.Parse("f", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Resolve(settings)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPrintReadsBack resolves what Print wrote.
func TestPrintReadsBack(t *testing.T) {
	original, err := os.ReadFile("testdata/gibson.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{
		"", "port 7\n", "listen unix:///s?mode=0777\nlisten tls://[::1]:1?client_names=a,b\ntls_cert /a b\ntls_client_ca /c\n", "unix_socket /s\nunix_socket_mode 777\n", string(original),
		"idle_timeout off\ncompression off\nloglevel 4\nlog_format json\nmax_memory auto\nmax_idletime 0\n",
	} {
		c := resolve(t, in)
		var out strings.Builder
		if err := c.Print(&out); err != nil {
			t.Fatal(err)
		}
		again := resolve(t, out.String())
		for i, s := range again.Settings() {
			if was := c.Settings()[i]; s.Value != was.Value {
				t.Errorf("%s is %q, printed and read %q:\n%s", s.Directive, was.Value, s.Value, &out)
			}
		}
		unix, tcp := c.Listeners()
		if u, p := again.Listeners(); u != unix || p != tcp {
			t.Errorf("listeners %v %v, printed and read %v %v:\n%s", unix, tcp, u, p, &out)
		}
	}
	var out strings.Builder
	if err := resolve(t, "max_clients 9\n").Print(&out); err != nil || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), "max_clients 9 # f:1 ") {
		t.Errorf("%v: the source is not there:\n%s", err, &out)
	}
}

func TestReload(t *testing.T) {
	c := resolve(t, "loglevel 1\nlogfile /a\nmax_memory 1G\nport 1\n")
	next := resolve(t, "\nport 1\nloglevel error\nmax_memory 1024M\nmax_key_size 9\n")
	changed, restart := c.Reload(next)
	src := func(line int) config.Source { return config.Source{Kind: config.File, Name: "f", Line: line} }
	if want := []config.Setting{{Directive: "logfile"}, {Directive: "loglevel", Value: "error", Source: src(3)}}; !reflect.DeepEqual(changed, want) {
		t.Errorf("changed %+v, want %+v", changed, want)
	}
	if want := []config.Setting{{Directive: "max_key_size", Value: "9", Source: src(5)}}; !reflect.DeepEqual(restart, want) {
		t.Errorf("restart %+v, want %+v", restart, want)
	}
	if c.LogFile != "" || c.LogLevel != slog.LevelError || c.MaxKeySize != 1024 || c.Source("loglevel") != src(3) || c.Source("max_key_size").Kind != config.Default {
		t.Errorf("in effect: %+v", c)
	}
	if changed, restart = c.Reload(next); changed != nil || len(restart) != 1 {
		t.Errorf("again: changed %v, restart %v", changed, restart)
	}
	next = resolve(t, "port 1\nloglevel error\nmax_memory 512M\nmax_clients 9\n")
	changed, restart = c.Reload(next, "max_memory")
	if len(changed) != 1 || len(restart) != 1 || restart[0].Directive != "max_memory" || c.MaxMemory != 1<<30 || c.MaxClients != 9 {
		t.Errorf("without max_memory: changed %v, restart %v", changed, restart)
	}
}

// TestTable checks what must hold of every directive.
func TestTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, d := range config.Directives() {
		if seen[d.Name] || d.Name != strings.ToLower(d.Name) || strings.ContainsAny(d.Name, "- ") {
			t.Errorf("%q is no good name", d.Name)
		}
		seen[d.Name] = true
		if d.Default != "" && d.Check(d.Default) != nil {
			t.Errorf("%s: its default %q is not allowed", d.Name, d.Default)
		}
		if d.Shipped != "" && d.Check(d.Shipped) != nil {
			t.Errorf("%s: what the original ships, %q, is not allowed", d.Name, d.Shipped)
		}
		if d.Doc == "" || strings.HasSuffix(d.Doc, ".") || d.Kind() == "" || d.Allowed() == "" {
			t.Errorf("%s: doc %q, kind %q, allowed %q", d.Name, d.Doc, d.Kind(), d.Allowed())
		}
		for _, bad := range []string{"", "\x00", "-\x7f 1"} {
			if d.Check(bad) == nil {
				t.Errorf("%s takes %q", d.Name, bad)
			}
		}
		for _, spelling := range []string{d.Name, d.Flag()} {
			if found, ok := config.Lookup(spelling); !ok || found.Name != d.Name {
				t.Errorf("Lookup(%q) = %q, %v", spelling, found.Name, ok)
			}
		}
	}
	// The text of a default is in its shortest form, as Print writes it.
	for _, s := range resolve(t, "").Settings() {
		if d, _ := config.Lookup(s.Directive); d.Default != s.Value {
			t.Errorf("%s: default %q, printed %q", s.Directive, d.Default, s.Value)
		}
	}
}

func FuzzParse(f *testing.F) {
	original, err := os.ReadFile("testdata/gibson.conf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(original)
	f.Add([]byte("tls_cert /c\nlisten tls://[::1]:1?client_names=a,b&client_ca=off\nlisten unix:///s?mode=0700 tcp://h:1\n"))
	f.Add([]byte("max_memory 1G # c\r\n\nport\n#\nx y"))
	f.Fuzz(func(t *testing.T, data []byte) {
		settings, err := config.Parse("f", bytes.NewReader(data))
		if err != nil {
			return
		}
		c, err := config.Resolve(settings)
		if err != nil {
			var e *config.Error
			if !errors.As(err, &e) || e.Source.Line == 0 {
				t.Fatalf("%v names no line", err)
			}
			return
		}
		if got := len(c.Settings()); got != len(config.Directives()) {
			t.Fatalf("%d settings", got)
		}
		var out strings.Builder
		if err := c.Print(&out); err != nil {
			t.Fatal(err)
		}
		if settings, err = config.Parse("g", strings.NewReader(out.String())); err == nil {
			_, err = config.Resolve(settings)
		}
		if err != nil {
			t.Fatalf("printed and not read: %v\n%s", err, &out)
		}
	})
}
