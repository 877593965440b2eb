package cli

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
	changed, restart := d.config.Reload(next)
	c := d.config
	if err := d.server.Adjust(d.limitClients(), c.IdleTimeout, c.WriteTimeout); err != nil {
		d.log.Error("limits not changed", "err", err)
	}
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

// reopenLog reports whether the log is in the file of that name now.
func (d *daemon) reopenLog(name string) bool {
	err := d.out.reopen(name)
	if err != nil {
		d.log.Error("the log file cannot be opened, the log goes on in the old one", "err", err)
	}
	return err == nil
}
