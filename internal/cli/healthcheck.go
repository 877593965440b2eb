package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/internal/config"
)

const healthcheckLong = `Ask a server for a sign of life, with PING, for those who restart what is not
healthy. With --ready, ask the admin endpoint whether clients are served.

The server is the one that --addr names, else $GIBSON_ADDR. Else it is the one
that a start with the same file and environment would run: healthcheck reads
the directives unix_socket, address, port, listen and admin as serve does. A
server whose flags name another address needs --addr.`

const healthcheckExample = `  gibson healthcheck
  gibson healthcheck -c /etc/gibson/gibson.conf --timeout 1s
  gibson healthcheck --addr tls://cache.example:10128 --ca ca.pem
  gibson healthcheck --ready`

// healthTimeout bounds a check, connecting included. Who asks gives up soon,
// too.
const healthTimeout = 3 * time.Second

// healthcheck is one run of that command.
type healthcheck struct {
	*app
	sources sources
	addr    string
	timeout time.Duration
	ready   bool
	tls     clientTLS
}

func newHealthcheck(a *app) *cobra.Command {
	h := &healthcheck{app: a, sources: sources{environ: a.environ}}
	cmd := &cobra.Command{
		Use:     "healthcheck",
		Short:   "Exit with 0 if a server answers, with 1 if not",
		Long:    healthcheckLong,
		Example: healthcheckExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return h.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&h.addr, "addr", "", "the server's `address`, a unix socket's path, host:port or tls://host:port; with\n--ready the admin endpoint's host:port")
	flags.StringVarP(&h.sources.file, "config", "c", "", "the `file` that the server reads its directives from")
	flags.DurationVar(&h.timeout, "timeout", healthTimeout, "give up after this `time`, such as 500ms")
	flags.BoolVar(&h.ready, "ready", false, "ask the admin endpoint instead, which also knows when the server starts or stops")
	h.tls.register(cmd)
	return cmd
}

// run is silent if the server is healthy.
func (h *healthcheck) run(ctx context.Context) error {
	if h.timeout <= 0 {
		return usageError("--timeout is %s, want more than 0", h.timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	check := h.ping
	if h.ready {
		check = h.askReady
	}
	if err := check(ctx); err != nil {
		return &failure{status: statusUnhealthy, err: err}
	}
	return nil
}

// ping sends PING.
func (h *healthcheck) ping(ctx context.Context) error {
	address, err := h.target()
	if err != nil {
		return err
	}
	opts, err := h.options(address)
	if err != nil {
		return err
	}
	conn, err := gibson.Dial(ctx, address, opts)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the answer is there or will not come
	return conn.Ping(ctx)
}

// options returns those of the client, with TLS if something was said about it.
func (h *healthcheck) options(address string) (*gibson.Options, error) {
	t, err := h.tls.config(address)
	if t == nil || err != nil {
		return nil, err
	}
	return &gibson.Options{TLS: t}, nil
}

// target returns the address to send PING to.
func (h *healthcheck) target() (string, error) {
	if h.addr != "" || h.getenv("GIBSON_ADDR") != "" {
		return h.address(h.addr, ""), nil
	}
	c, err := h.sources.load()
	if err != nil {
		return "", err
	}
	unix, tcp := c.Listeners()
	switch {
	case unix && tcp && c.Source("unix_socket").Kind == config.Default:
		return h.address("", c.UnixSocket), nil
	case unix:
		return c.UnixSocket, nil
	}
	if !tcp && len(c.Listen) > 0 {
		return targetOf(c.Listen[0])
	}
	return net.JoinHostPort(reachable(c.Address), strconv.Itoa(c.Port)), nil
}

// targetOf returns the address at which this machine reaches a listener.
func targetOf(l config.Listener) (string, error) {
	if l.Network == "unix" {
		return l.Address, nil
	}
	host, port, err := net.SplitHostPort(l.Address)
	if err != nil {
		return "", err
	}
	return l.Network + "://" + net.JoinHostPort(reachable(host), port), nil
}

// reachable returns the host by which this machine reaches what listens at
// host: itself, unless it stands for all addresses.
func reachable(host string) string {
	switch ip, err := netip.ParseAddr(host); {
	case err != nil || !ip.IsUnspecified():
		return host
	case ip.Is6():
		return "::1"
	}
	return "127.0.0.1"
}

// askReady asks the admin endpoint.
func (h *healthcheck) askReady(ctx context.Context) error {
	address := h.addr
	if address == "" {
		c, err := h.sources.load()
		if err != nil {
			return err
		}
		if c.Admin == "" {
			return errors.New("admin is off, and only the admin endpoint knows: leave out --ready, or name an endpoint with --addr")
		}
		host, port, err := net.SplitHostPort(c.Admin)
		if err != nil {
			return err
		}
		address = net.JoinHostPort(reachable(host), port)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return err
	}
	// Not the default transport, which minds proxies and keeps connections.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	w, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = w.Body.Close() }() // it was only read
	if w.StatusCode == http.StatusOK {
		return nil
	}
	said, err := io.ReadAll(io.LimitReader(w.Body, 1<<10))
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %s: %s", address, w.Status, strings.TrimSpace(string(said)))
}
