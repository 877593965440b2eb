package cli

import (
	"log/slog"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/internal/snapshot"
)

// Keeper is a keeper on a disk of the caller's.
type Keeper struct{ k *keeper }

// NewKeeper makes one.
func NewKeeper(file string, disk snapshot.FS, items *cache.Cache, log *slog.Logger) Keeper {
	k := newKeeper(&config.Config{Snapshot: file}, items, log, func() {})
	k.disk = disk
	return Keeper{k}
}

// Load is load.
func (k Keeper) Load(salvage bool) error { return k.k.load(salvage) }

// Start is start.
func (k Keeper) Start(interval time.Duration) { k.k.start(interval) }

// SetInterval is setInterval.
func (k Keeper) SetInterval(d time.Duration) { k.k.setInterval(d) }

// Ask is ask.
func (k Keeper) Ask() error { return k.k.ask() }

// Close is close.
func (k Keeper) Close() { k.k.close() }

// Finish is finish.
func (k Keeper) Finish() error { return k.k.finish() }

// Counts returns how many snapshots were written, and how many failed.
func (k Keeper) Counts() (written, failed int64) { return k.k.written.Load(), k.k.failed.Load() }

// OnBusy has f called when the service manager is asked for patience.
func (k Keeper) OnBusy(f func()) { k.k.busy = f }
