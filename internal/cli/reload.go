package cli

import "errors"

// reload opens the log file again and takes over those directives that have
// changed and can be. If the configuration is wrong, everything else stays.
func (d *daemon) reload() {
	next, err := d.sources.load()
	if err != nil {
		d.reopenLog(d.config.LogFile)
		d.log.Error("the configuration is not reloaded, everything stays as it was", "err", err)
		return
	}
	// The log comes first, so that what follows is in the new one.
	if !d.reopenLog(next.LogFile) {
		next.LogFile = d.config.LogFile
	}
	d.reloadTLS(next)
	var keep []string
	if !d.setMaxMemory(next.MaxMemory) {
		keep = append(keep, "max_memory")
	}
	changed, restart := d.config.Reload(next, keep...)
	c := d.config
	err = errors.Join(d.server.Adjust(d.limitClients(), c.IdleTimeout, c.WriteTimeout), d.server.AdjustMaxClientsPerAddress(c.MaxClientsPerAddress),
		d.server.AdjustMaxOutputMemory(c.MaxOutputMemory)) // after max_memory, which it follows
	if err != nil {
		d.log.Error("limits not changed", "err", err)
	}
	d.keeper.setInterval(c.SnapshotInterval)
	d.level.Set(c.LogLevel)
	d.out.setRate(d.config.LogFlushRate)
	for _, s := range changed {
		d.log.Info("directive changed", "directive", s.Directive, "value", s.Value, "source", s.Source.String())
	}
	for _, s := range restart {
		d.log.Warn("directive changed, which needs a restart", "directive", s.Directive, "value", s.Value, "source", s.Source.String())
	}
	d.log.Info("reloaded", "changed", len(changed), "need_restart", len(restart))
}

// setMaxMemory gives the cache another limit and reports whether that is
// possible without a restart.
func (d *daemon) setMaxMemory(bytes int64) bool {
	switch {
	case bytes == d.config.MaxMemory:
		return true
	case bytes == 0 && !d.autoMemory: // that was not what the cache was made for
		return false
	}
	if err := d.cache.SetMaxMemory(bytes); err != nil {
		d.log.Debug("max_memory", "err", err)
		return false
	}
	d.runtime.maxMemory(d.cache.Options().MaxMemory)
	return true
}

// reopenLog reports whether the log is in the file of that name now.
func (d *daemon) reopenLog(name string) bool {
	err := d.out.reopen(name)
	if err != nil {
		d.log.Error("the log file cannot be opened, the log goes on in the old one", "err", err)
	}
	return err == nil
}
