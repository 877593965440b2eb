package cli

import (
	"net"
	"os"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// notify sends state to the service manager that started this process, in the
// form of sd_notify: assignments, one on a line. Without $NOTIFY_SOCKET there
// is none, and nothing happens. A message that is lost is logged and no reason
// to end.
func (d *daemon) notify(state string) {
	if err := notify(state); err != nil {
		d.log.Warn("the service manager cannot be told", "state", state, "err", err)
	}
}

// notifyPatience bounds the wait for a service manager that does not read: it
// must not keep a server from reloading or ending.
const notifyPatience = time.Second

// notify is what systemd.SdNotify is, but that waits for ever.
func notify(state string) error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // what was written is on its way
	if err := conn.SetWriteDeadline(time.Now().Add(notifyPatience)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(state))
	return err
}

// notifyReloading tells the service manager that the configuration is being
// read again, until READY=1 is sent.
func (d *daemon) notifyReloading() {
	d.notify(systemd.SdNotifyReloading + "\n" + systemd.SdNotifyMonotonicUsec())
}

// startWatchdog tells the service manager, as often as it wants to hear it,
// that this server answers, until stop is called. If the server hangs there is
// no message, and the service manager ends it and starts another.
func (d *daemon) startWatchdog() (stop func()) {
	patience, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		d.log.Warn("no watchdog", "err", err)
	}
	if patience <= 0 {
		return func() {}
	}
	// A process that takes over from this one is watched in its place, though
	// its number is another.
	if err := os.Unsetenv("WATCHDOG_PID"); err != nil {
		d.log.Warn("the watchdog is for this process alone", "err", err)
	}
	tick := time.NewTicker(patience / 2)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		d.watch(tick.C, done)
	}()
	return func() {
		tick.Stop()
		close(done)
		<-ended
	}
}

// watch sends a message at each tick until done is closed, after a round trip
// through the lock that every request needs. A tick that comes meanwhile is
// lost.
func (d *daemon) watch(tick <-chan time.Time, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-tick:
		}
		b, err := d.cache.Begin()
		if err != nil {
			d.log.Error("the cache does not answer", "err", err)
			continue
		}
		b.End()
		d.notify(systemd.SdNotifyWatchdog)
	}
}
