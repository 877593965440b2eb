package faults

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/gibsontest"
)

// toxic is one fault of the network and what must be seen of it.
type toxic struct {
	name       string
	stream     string // "downstream" is what the server sends
	kind       string // of toxiproxy
	attributes string // likewise

	deadline time.Duration // of the calls

	answers, failures int64  // how many there must be meanwhile
	dials             uint64 // how often the client must connect again
	harmless          bool   // nothing may fail
}

func toxics() []toxic {
	return []toxic{
		{
			name: "latency", stream: "downstream", kind: "latency", attributes: `"latency":20,"jitter":15`,
			deadline: patience, answers: 500, harmless: true,
		}, {
			name: "slices", stream: "downstream", kind: "slicer", attributes: `"average_size":3,"size_variation":2,"delay":10`,
			deadline: patience, answers: 300, harmless: true,
		}, {
			name: "slices of requests", stream: "upstream", kind: "slicer", attributes: `"average_size":3,"size_variation":2,"delay":10`,
			deadline: patience, answers: 300, harmless: true,
		}, {
			name: "end in the middle of a reply", stream: "downstream", kind: "limit_data", attributes: `"bytes":20001`,
			deadline: patience, failures: 50, dials: 10,
		}, {
			name: "end in the middle of a request", stream: "upstream", kind: "limit_data", attributes: `"bytes":20001`,
			deadline: patience, failures: 50, dials: 10,
		}, {
			name: "reset", stream: "downstream", kind: "reset_peer", attributes: `"timeout":3`,
			deadline: patience, failures: 50, dials: 10,
		}, {
			// What the server sends disappears, and nothing is closed.
			name: "half open", stream: "downstream", kind: "timeout", attributes: `"timeout":0`,
			deadline: 200 * time.Millisecond, failures: 100, dials: 3,
		}, {
			name: "slow reader", stream: "upstream", kind: "bandwidth", attributes: `"rate":2`,
			deadline: 200 * time.Millisecond, failures: 100,
		}, {
			name: "slow writer", stream: "downstream", kind: "bandwidth", attributes: `"rate":2`,
			deadline: 200 * time.Millisecond, failures: 100,
		},
	}
}

func TestToxics(t *testing.T) {
	for _, tc := range toxics() {
		t.Run(strings.ReplaceAll(tc.name, " ", "-"), func(t *testing.T) {
			srv := gibsontest.NewServer(t)
			api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
			proxy := toxiproxy.NewProxy(api, "gibson", "127.0.0.1:0", srv.TCPAddr())
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
			defer proxy.Stop()
			unhealthy := 300 * time.Millisecond
			if tc.harmless {
				unhealthy = patience // however slow the machine is
			}
			c, err := gibson.NewClient(proxy.Listen, &gibson.ClientOptions{
				Options: gibson.Options{DialTimeout: unhealthy},
				Conns:   2, MinBackoff: time.Millisecond, MaxBackoff: 10 * time.Millisecond, HealthInterval: 100 * time.Millisecond,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			l := start(t, c, 32, tc.deadline, false)
			l.more(200, 0)
			if n := l.failures.Load(); n > 0 && tc.harmless {
				t.Errorf("%d calls failed before anything was wrong", n)
			}

			before := c.Stat().Dials
			if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
				`{"name":"it","type":%q,"stream":%q,"toxicity":1,"attributes":{%s}}`, tc.kind, tc.stream, tc.attributes))); err != nil {
				t.Fatal(err)
			}
			l.more(tc.answers, tc.failures)
			l.until("new connections", func() bool { return c.Stat().Dials >= before+tc.dials })
			if err := proxy.Toxics.RemoveToxic(context.Background(), "it"); err != nil {
				t.Fatal(err)
			}
			l.more(500, 0)
			l.end()
			if n := l.failures.Load(); tc.harmless && n > 0 {
				t.Errorf("%d calls failed", n)
			}

			direct, err := gibson.Dial(t.Context(), srv.Addr(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer direct.Close()
			l.audit(t.Context(), direct)
			c.Close()
			l.until("the last connection to be gone", func() bool {
				st, err := direct.Stats(t.Context())
				return err == nil && st.Clients == 1 // direct itself
			})
		})
	}
}
