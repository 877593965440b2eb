package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/internal/snapshot"
)

// progressInterval is how often reading and writing a snapshot says how far it
// is.
const progressInterval = 5 * time.Second

// keeper reads and writes the snapshot of a server. One goroutine writes, so
// there is never more than one being written; what asks for another meanwhile
// gets one afterwards.
type keeper struct {
	file  string // "" if there is none
	disk  snapshot.FS
	cache *cache.Cache
	log   *slog.Logger
	busy  func() // called now and then while the start or the end takes its time

	signals chan os.Signal     // somebody wants a snapshot
	asked   chan struct{}      // likewise, holds one
	every   chan time.Duration // a new interval, 0 for none

	// fuller says that the file may hold what was not loaded, so that the next
	// snapshot keeps it aside. Once start was called, only who writes uses it.
	fuller bool

	stop  context.CancelFunc // ends the goroutine
	ended chan struct{}      // closed when it has ended

	written atomic.Int64 // how many snapshots were
	failed  atomic.Int64 // how many were not
	last    atomic.Int64 // when the last one was, in unix seconds
}

// newKeeper returns a keeper, which from now on gets the signal that asks for
// a snapshot.
func newKeeper(c *config.Config, items *cache.Cache, log *slog.Logger, busy func()) *keeper {
	k := &keeper{
		file: c.Snapshot, disk: snapshot.Disk{}, cache: items, log: log, busy: busy,
		signals: make(chan os.Signal, 1), asked: make(chan struct{}, 1), every: make(chan time.Duration, 1),
	}
	notifySnapshot(k.signals)
	return k
}

// start begins to write snapshots: every interval, unless that is 0, and when
// somebody asks.
func (k *keeper) start(interval time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	k.stop, k.ended = stop, make(chan struct{})
	go k.run(ctx, interval)
}

// run is the goroutine that writes.
func (k *keeper) run(ctx context.Context, interval time.Duration) {
	defer close(k.ended)
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for changed := true; ; {
		if changed {
			tick.Stop()
			if interval > 0 {
				tick.Reset(interval)
			}
			changed = false
		}
		// What cannot be written has been logged, and is tried again.
		select {
		case <-ctx.Done():
			return
		case interval = <-k.every:
			changed = true
		case <-tick.C:
			_ = k.write(ctx, "snapshot_interval")
		case s := <-k.signals:
			_ = k.write(ctx, s.String())
		case <-k.asked:
			_ = k.write(ctx, "admin endpoint")
		}
	}
}

// setInterval changes how often a snapshot is written.
func (k *keeper) setInterval(d time.Duration) {
	select {
	case <-k.every: // one that was not looked at
	default:
	}
	k.every <- d
}

// ask asks for a snapshot.
func (k *keeper) ask() error {
	if k.file == "" {
		return errors.New("there is no directive snapshot")
	}
	select {
	case k.asked <- struct{}{}:
	default: // one was asked for already
	}
	return nil
}

// close halts and gets no signals any more, which then end the process.
func (k *keeper) close() {
	k.halt()
	signal.Stop(k.signals)
}

// halt ends the goroutine, and gives up what it writes.
func (k *keeper) halt() {
	if k.stop != nil {
		k.stop()
		<-k.ended
		k.stop = nil
	}
}

// finish writes the last snapshot. Nobody may change the cache any more.
func (k *keeper) finish() error {
	k.halt()
	if k.file == "" {
		return nil
	}
	return k.write(context.Background(), atExit)
}

// atExit is the cause of the last snapshot, when there are no clients left.
const atExit = "exit"

// write writes a snapshot. Its error has been logged.
func (k *keeper) write(ctx context.Context, cause string) error {
	if k.file == "" {
		if cause != "snapshot_interval" {
			k.log.Warn("no snapshot is written: there is no directive snapshot", "cause", cause)
		}
		return nil
	}
	begun := time.Now()
	st, err := k.cache.Stats()
	if err != nil {
		return err
	}
	k.log.Info("writing a snapshot", "file", k.file, "cause", cause, "items", st.Items)
	progress := k.progress("snapshot being written", st.Items, "file", k.file)
	if cause != atExit {
		progress = considerate(progress)
	}
	var totals snapshot.Totals
	if err = k.keepFuller(begun); err == nil {
		totals, err = snapshot.Save(k.disk, k.file, begun, func(w *snapshot.Writer) error {
			return w.AddAll(ctx, k.cache.Export(), progress)
		})
	}
	switch {
	case err == nil:
		k.written.Add(1)
		k.last.Store(begun.Unix())
		k.log.Info("snapshot written", "file", k.file, "items", totals.Items, "bytes", totals.Size, "took", since(begun))
	case ctx.Err() != nil:
		k.log.Info("snapshot given up: the server is stopping", "file", k.file)
	default:
		k.failed.Add(1)
		k.log.Error("no snapshot was written, the one before stays", "file", k.file, "cause", cause, "err", err)
	}
	return err
}

// keepFuller keeps a file aside of which not everything was loaded. Without
// that it must not be replaced.
func (k *keeper) keepFuller(now time.Time) error {
	if !k.fuller {
		return nil
	}
	aside, err := snapshot.KeepAside(k.disk, k.file, now)
	switch {
	case err == nil:
		k.log.Warn("the snapshot of which not everything was loaded is kept aside", "file", k.file, "aside", aside)
	case !errors.Is(err, fs.ErrNotExist): // else somebody moved it
		return err
	}
	k.fuller = false
	return nil
}

// progress returns a function that logs now and then how many of all items are
// done, with the attributes more.
func (k *keeper) progress(what string, all int64, more ...any) func(done int64) {
	next := time.Now().Add(progressInterval)
	return func(done int64) {
		if now := time.Now(); !now.Before(next) {
			next = now.Add(progressInterval)
			k.busy()
			k.log.With(more...).Info(what, "items", done, "of", all)
		}
	}
}

// workTime is about how long a snapshot is written without a pause.
const workTime = 500 * time.Microsecond

// considerate returns a function that calls progress and then leaves clients a
// third of the time. Without that, those who wait for a processor wait for the
// end of the runtime's time slice, which is long.
func considerate(progress func(done int64)) func(done int64) {
	begun := time.Now()
	return func(done int64) {
		progress(done)
		if worked := time.Since(begun); worked >= workTime {
			time.Sleep(worked / 2)
			begun = time.Now()
		} else {
			runtime.Gosched()
		}
	}
}

// load fills the cache, which nobody uses yet, with the items of the snapshot.
// One that is damaged or of a newer program is kept aside and the cache stays
// empty, unless salvage asks for the parts that are whole. An error means that
// there is a file and that it can neither be read nor kept aside.
func (k *keeper) load(salvage bool) error {
	if k.file == "" {
		return nil
	}
	if n, err := snapshot.RemoveStale(k.disk, k.file); err != nil {
		k.log.Warn("unfinished snapshots stay", "file", k.file, "err", err)
	} else if n > 0 {
		k.log.Info("unfinished snapshots removed", "file", k.file, "count", n)
	}
	begun := time.Now()
	l := loader{keeper: k, progress: k.progress("snapshot being loaded", 0, "file", k.file)}
	totals, err := snapshot.Load(k.disk, k.file, l.take)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.log.Info("there is no snapshot yet", "file", k.file)
		return nil
	case errors.Is(err, snapshot.ErrDamaged), errors.Is(err, snapshot.ErrNewer):
		return k.refuse(err, salvage)
	case err != nil:
		return fmt.Errorf("snapshot %s cannot be read; move it away to start without: %w", k.file, err)
	}
	l.report("snapshot loaded", totals, begun, "file", k.file)
	return nil
}

// refuse keeps a snapshot aside, after its whole parts have been loaded if
// that is wanted.
func (k *keeper) refuse(why error, salvage bool) error {
	if _, err := empty(k.cache); err != nil {
		return err
	}
	if salvage && errors.Is(why, snapshot.ErrDamaged) {
		begun := time.Now()
		l := loader{keeper: k, progress: k.progress("snapshot being salvaged", 0, "file", k.file)}
		totals, lost, err := snapshot.LoadDamaged(k.disk, k.file, l.take)
		if err != nil {
			k.log.Error("the snapshot is damaged, and reading its whole parts failed", "file", k.file, "err", err)
		} else {
			l.report("snapshot salvaged", totals, begun, "file", k.file)
		}
		k.log.Warn("parts of the snapshot are lost", "file", k.file, "parts", lost, "why", why)
	}
	aside, err := snapshot.SetAside(k.disk, k.file, time.Now())
	if err != nil {
		return fmt.Errorf("%w; it cannot be kept aside either: %w", why, err)
	}
	if !salvage {
		k.log.Error("the snapshot is refused and kept aside, the cache is empty; gibson serve --salvage loads what is whole of a damaged one, under its old name",
			"file", k.file, "aside", aside, "err", why)
	} else {
		k.log.Warn("the snapshot is kept aside", "file", k.file, "aside", aside)
	}
	return nil
}

// loader puts the records of a snapshot into the cache.
type loader struct {
	*keeper
	progress func(done int64)
	sum      cache.Imported
	full     bool  // the memory limit was reached
	left     int64 // records that came after that
}

// take imports records. At the memory limit it goes on counting them, so that
// the rest of the file is checked as well.
func (l *loader) take(records []cache.Record) error {
	if l.full {
		l.left += int64(len(records))
		return nil
	}
	n, err := l.cache.Import(records)
	l.sum.Items += n.Items
	l.sum.Expired += n.Expired
	l.sum.Skipped += n.Skipped
	if errors.Is(err, cache.ErrMemoryLimit) {
		l.full = true
		l.left = int64(len(records)) - n.Items - n.Expired - n.Skipped
		err = nil
	}
	l.progress(l.sum.Items)
	return err
}

// report logs what was loaded, with the attributes more.
func (l *loader) report(what string, t snapshot.Totals, begun time.Time, more ...any) {
	l.log.With(more...).Info(what, "written", t.Written, "items", l.sum.Items, "expired", l.sum.Expired, "took", since(begun))
	if l.sum.Skipped > 0 {
		l.log.Warn("items of the snapshot are longer than the limits allow, and not loaded", "items", l.sum.Skipped)
	}
	if l.full {
		l.fuller = true
		l.log.Warn("max_memory is reached, the rest of the snapshot is not loaded", "loaded", l.sum.Items, "left", l.left)
	}
}

// since returns the time since begun, as logs have it.
func since(begun time.Time) time.Duration { return time.Since(begun).Round(time.Millisecond) }

// empty deletes every item of c, locked or not, in one step, and returns their
// number.
func empty(c *cache.Cache) (int64, error) {
	b, err := c.Begin()
	if err != nil {
		return 0, err
	}
	defer b.End()
	// With an empty prefix, which the protocol does not allow.
	if _, err := b.MUnlock(nil); err != nil && !errors.Is(err, cache.ErrNotFound) {
		return 0, err
	}
	n, err := b.MDelete(nil)
	if errors.Is(err, cache.ErrNotFound) {
		err = nil // there was nothing
	}
	return n, err
}

// moreTime asks the service manager for patience with a start or an end that
// goes on.
const moreTime = "EXTEND_TIMEOUT_USEC=60000000"
