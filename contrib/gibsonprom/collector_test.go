package gibsonprom_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/contrib/gibsonprom"
	"github.com/gogibson/gibson/gibsontest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestCollector(t *testing.T) {
	c := gibsonprom.New(&gibsonprom.Options{
		Buckets: []float64{0.5, 1}, ConstLabels: prometheus.Labels{"cache": "users"},
	})
	h := c.Hooks()
	for _, e := range []gibson.Event{
		{Command: "GET", Sent: 7, Received: 8, Duration: time.Second / 4},
		{Command: "GET", Sent: 7, Received: 9, Duration: 750 * time.Millisecond},
		{Command: "GET", Sent: 7, Received: 8, Duration: 2 * time.Second, Err: gibson.ErrNotFound},
	} {
		h.End(h.Start(t.Context(), e), e)
	}
	h.Start(t.Context(), gibson.Event{Command: "GET", Sent: 7}) // and no End yet
	const want = `
# HELP gibson_client_command_duration_seconds Time from a command's call to its outcome.
# TYPE gibson_client_command_duration_seconds histogram
gibson_client_command_duration_seconds_bucket{cache="users",command="GET",outcome="not_found",le="0.5"} 0
gibson_client_command_duration_seconds_bucket{cache="users",command="GET",outcome="not_found",le="1"} 0
gibson_client_command_duration_seconds_bucket{cache="users",command="GET",outcome="not_found",le="+Inf"} 1
gibson_client_command_duration_seconds_sum{cache="users",command="GET",outcome="not_found"} 2
gibson_client_command_duration_seconds_count{cache="users",command="GET",outcome="not_found"} 1
gibson_client_command_duration_seconds_bucket{cache="users",command="GET",outcome="ok",le="0.5"} 1
gibson_client_command_duration_seconds_bucket{cache="users",command="GET",outcome="ok",le="1"} 2
gibson_client_command_duration_seconds_bucket{cache="users",command="GET",outcome="ok",le="+Inf"} 2
gibson_client_command_duration_seconds_sum{cache="users",command="GET",outcome="ok"} 1
gibson_client_command_duration_seconds_count{cache="users",command="GET",outcome="ok"} 2
# HELP gibson_client_commands_in_flight Commands without an outcome yet.
# TYPE gibson_client_commands_in_flight gauge
gibson_client_commands_in_flight{cache="users"} 1
# HELP gibson_client_received_bytes_total Size of the replies.
# TYPE gibson_client_received_bytes_total counter
gibson_client_received_bytes_total{cache="users",command="GET"} 25
# HELP gibson_client_sent_bytes_total Size of the requests.
# TYPE gibson_client_sent_bytes_total counter
gibson_client_sent_bytes_total{cache="users",command="GET"} 21
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	problems, err := testutil.CollectAndLint(c)
	if err != nil || len(problems) != 0 {
		t.Error(problems, err)
	}
}

func TestCollectorOfClient(t *testing.T) {
	c := gibsonprom.New(nil)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	conn, err := gibson.Dial(t.Context(), gibsontest.NewServer(t).Addr(), &gibson.Options{Hooks: c.Hooks()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Get(t.Context(), "none")
	n, err := testutil.GatherAndCount(registry, "gibson_client_command_duration_seconds", "gibson_client_commands_in_flight")
	if n != 3 || err != nil {
		t.Errorf("%d series, %v, want SET ok, GET not_found and the gauge", n, err)
	}
}

func ExampleNew() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	c := gibsonprom.New(nil)
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	client, err := gibson.NewClient(srv.Addr(), &gibson.ClientOptions{Options: gibson.Options{Hooks: c.Hooks()}})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx := context.Background()
	if err := client.Set(ctx, "user:42:name", []byte("Ada"), 0); err != nil {
		log.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range families {
		fmt.Println(f.GetName())
	}
	// Output:
	// gibson_client_command_duration_seconds
	// gibson_client_commands_in_flight
	// gibson_client_received_bytes_total
	// gibson_client_sent_bytes_total
}
