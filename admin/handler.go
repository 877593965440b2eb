package admin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// MaxFamilies bounds Options.Families. Each is a metric of its own, forever,
// in whatever stores the metrics.
const MaxFamilies = 32

// Options configures a Handler.
type Options struct {
	// Target is what is administered. It is required.
	Target Target
	// Commands are the names that Observe will be told of.
	Commands []string
	// Families are the prefixes whose sizes are among the figures, at most MaxFamilies.
	Families []string
	// Ready returns why clients are not served now; nil means that they are.
	// If Ready is nil, they always are.
	Ready func() error
	// TokenFile holds the token for what changes something. It is read for
	// each such request. If empty, all of them are refused.
	TokenFile string
	// Hosts are names, besides localhost and addresses, by which requests may
	// call this host.
	Hosts []string
	// Profiles serves /debug/pprof.
	Profiles bool
	// Snapshot asks for a snapshot and does not wait for it. If nil, there is
	// none to be had.
	Snapshot func() error
	// SlowLog is shown and reset. If nil, there is none.
	SlowLog *SlowLog
	// Logger receives what was changed, and by whom. If nil, nothing is
	// logged.
	Logger *slog.Logger
}

// Handler serves the paths in the package's comment. It is safe for
// concurrent use.
type Handler struct {
	opts  Options
	log   *slog.Logger
	mux   *http.ServeMux
	hosts map[string]bool
	times latencies
}

// New returns a handler. It fails if options are missing, there are too many
// families, or the token cannot be used.
func New(o Options) (*Handler, error) {
	if o.Target == nil {
		return nil, errors.New("gibson: admin: Target is nil, want what to administer")
	}
	if len(o.Families) > MaxFamilies {
		return nil, fmt.Errorf("gibson: admin: %d Families, want at most %d", len(o.Families), MaxFamilies)
	}
	if o.TokenFile != "" {
		if _, err := readToken(o.TokenFile); err != nil {
			return nil, fmt.Errorf("gibson: admin: token: %w", err)
		}
	}
	h := &Handler{opts: o, log: o.Logger, mux: http.NewServeMux(), hosts: map[string]bool{"localhost": true}}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	for _, name := range o.Hosts {
		h.hosts[strings.ToLower(name)] = true
	}
	registry := prometheus.NewRegistry()
	h.times = newLatencies(o.Commands)
	for _, c := range []prometheus.Collector{h.times.vec, newFigureCollector(h.figures)} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("gibson: admin: %w", err)
		}
	}
	h.routes(promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	return h, nil
}

func (h *Handler) routes(metrics http.Handler) {
	h.mux.HandleFunc("GET /healthz", h.health)
	h.mux.HandleFunc("GET /readyz", h.ready)
	h.mux.Handle("GET /metrics", metrics)
	h.mux.HandleFunc("GET /stats.json", h.stats)
	h.mux.HandleFunc("GET /clients.json", h.clients)
	h.mux.HandleFunc("GET /slowlog.json", h.slowLog)
	h.mux.HandleFunc("POST /clients/kill", h.protect(h.kill))
	h.mux.HandleFunc("POST /slowlog/reset", h.protect(h.resetSlowLog))
	h.mux.HandleFunc("POST /flush", h.protect(h.flush))
	h.mux.HandleFunc("POST /snapshot", h.protect(h.snapshot))
	if h.opts.Profiles {
		h.mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		h.mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		h.mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		h.mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		h.mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.knows(r.Host) {
		http.Error(w, "this host is not called "+quoted(r.Host), http.StatusMisdirectedRequest)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	h.mux.ServeHTTP(w, r)
}

// figures returns the target's figures with the sizes of the families.
func (h *Handler) figures() (Figures, error) {
	f, err := h.opts.Target.Figures()
	if err != nil {
		return Figures{}, err
	}
	if f.Calls == nil {
		f.Calls = []Calls{} // in JSON a list even if it is empty
	}
	f.Families = nil
	for _, prefix := range h.opts.Families {
		n, err := h.opts.Target.Count(prefix)
		if err != nil {
			return Figures{}, err
		}
		f.Families = append(f.Families, Family{prefix, n})
	}
	return f, nil
}
