package cli

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/metrics"
	"time"

	"github.com/gogibson/gibson/admin"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/internal/resident"
	"github.com/gogibson/gibson/server"
	"github.com/gogibson/gibson/wire"
)

// Bounds of a request to the admin endpoint. Its answer may be a profile that
// takes a while.
const (
	adminReadTime  = 10 * time.Second
	adminWriteTime = 5 * time.Minute
	adminHeader    = 16 << 10
)

// startAdmin serves the admin endpoint, if there is to be one, until stop is
// called. An address that nobody asked for and that is in use is no reason not
// to serve clients.
func (d *daemon) startAdmin(ctx context.Context) (stop func(), err error) {
	c := d.config
	if c.Admin == "" {
		return func() {}, nil
	}
	h, err := d.adminHandler()
	if err != nil {
		return nil, err
	}
	l, err := d.listenAdmin(ctx)
	if err != nil {
		if c.Source("admin").Kind != config.Default {
			return nil, err
		}
		d.log.Warn("no admin endpoint: its default address cannot be used; name another, or write admin off", "err", err)
		return func() {}, nil
	}
	d.server.OnBatch = observer(h)
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: adminReadTime,
		ReadTimeout:       adminReadTime,
		WriteTimeout:      adminWriteTime,
		MaxHeaderBytes:    adminHeader,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	d.log.Info("listening", "network", "admin", "addr", l.Addr().String())
	return func() {
		err := s.Close() // whoever asks for figures now can do without
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		if err != nil {
			d.log.Warn("the admin endpoint did not end well", "err", err)
		}
	}, nil
}

func (d *daemon) adminHandler() (*admin.Handler, error) {
	c := d.config
	var slow *admin.SlowLog
	if c.SlowLogSize > 0 {
		slow = admin.NewSlowLog(c.SlowLogSize, time.Duration(c.SlowLogMillis)*time.Millisecond)
	}
	return admin.New(admin.Options{
		Target:    &adminTarget{d, time.Now()},
		Commands:  commandNames(),
		Families:  c.AdminFamilies,
		Ready:     d.ready,
		TokenFile: c.AdminTokenFile,
		Hosts:     c.AdminHosts,
		Profiles:  c.AdminProfiles,
		SlowLog:   slow,
		Snapshot:  d.keeper.ask,
		Logger:    d.log,
	})
}

// commandNames returns the names of all commands, as observer uses them.
func commandNames() []string {
	var all []string
	for _, c := range wire.Commands() {
		all = append(all, c.Name)
	}
	return all
}

// ready returns why clients are not served.
func (d *daemon) ready() error {
	if !d.serving.Load() {
		return errors.New("starting or stopping")
	}
	return nil
}

// observer tells h what the server tells it.
func observer(h *admin.Handler) func(*server.Batch) {
	return func(b *server.Batch) {
		h.Observe(&admin.Batch{
			Command: b.Op.String(), Key: b.Key, Requests: b.Requests, Start: b.Start, Took: b.Took, Client: b.Addr,
		})
	}
}

// adminTarget is the server and its cache, as the admin endpoint sees them.
type adminTarget struct {
	*daemon
	started time.Time
}

// Figures returns the figures of cache and server.
func (t *adminTarget) Figures() (admin.Figures, error) {
	items, err := t.cache.Stats()
	if err != nil {
		return admin.Figures{}, err
	}
	calls, err := t.server.Calls()
	if err != nil {
		return admin.Figures{}, err
	}
	s := t.server.Stats()
	f := admin.Figures{
		Version: version(), Started: t.started,
		Clients: s.Clients, MaxClients: t.maxClients.Load(), Connections: s.Connections, Refused: s.Refused,
		Batches: s.Batches, ProtocolErrors: s.ProtocolErrors, Panics: s.Panics,
		BusyPollMicros:   s.BusyPoll.Microseconds(),
		RefusedByAddress: s.RefusedByAddress, OutputMemory: s.OutputMemory, RepliesRefused: s.RepliesRefused,
		Snapshots: t.keeper.written.Load(), SnapshotsFailed: t.keeper.failed.Load(),
		CertificatesRefused: s.CertificatesRefused, HandshakesFailed: s.HandshakesFailed, LogLinesLost: t.out.lostLines(),
		Items: items.Items, CompressedItems: items.CompressedItems,
		EvictedItems: items.EvictedItems, ExpiredItems: items.ExpiredItems,
		Memory: admin.Memory{
			Limit: items.MemoryUsable, Used: items.MemoryUsed, Payload: items.MemoryPayload, Peak: items.MemoryPeak,
			Heap: heapSize(), Resident: resident.Size(),
		},
	}
	if expires := t.expires.Load(); expires != 0 {
		f.CertificateExpires = time.Unix(expires, 0).UTC()
	}
	for _, c := range calls {
		name := "unknown"
		if c.Known {
			name = c.Op.String()
		}
		f.Calls = append(f.Calls, admin.Calls{Command: name, Outcome: c.Code.String(), Count: c.Count})
	}
	return f, nil
}

// heapSize returns the bytes of the Go runtime's heap.
func heapSize() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(s[0].Value.Uint64())
}

// Count returns the size of a family.
func (t *adminTarget) Count(prefix string) (int64, error) { return t.cache.Count(prefix) }

// Clients returns the open connections.
func (t *adminTarget) Clients() []admin.Client {
	var all []admin.Client
	for _, c := range t.server.Clients() {
		all = append(all, admin.Client{
			ID: c.ID, Network: c.Addr.Network(), Address: c.Addr.String(), Connected: c.Connected, Requests: c.Requests,
		})
	}
	return all
}

// Kill closes a connection.
func (t *adminTarget) Kill(id int64) bool { return t.server.Kill(id) }

// Flush deletes every item, locked or not, in one step.
func (t *adminTarget) Flush() (int64, error) { return empty(t.cache) }
