package cli

import "log/slog"

// spareFiles are those that a server opens besides one for each client:
// listeners, the log, the runtime's own.
const spareFiles = 64

// clientsWithin returns how many clients the limit on open files allows, at
// most max and at least 1. A client that cannot be accepted would wait in
// the system's queue for no one; one above the limit is refused at once.
func clientsWithin(max int, log *slog.Logger, limit func(want uint64) (uint64, error)) int {
	want := uint64(max) + spareFiles
	files, err := limit(want)
	if err != nil {
		log.Warn("the limit on open files cannot be read", "err", err)
		return max
	}
	if files >= want {
		return max
	}
	allowed := 1
	if files > spareFiles {
		allowed = int(files - spareFiles)
	}
	log.Warn("the limit on open files is too low for max_clients, which is lowered: raise it with ulimit -n, or LimitNOFILE of systemd",
		"limit", files, "wanted", want, "max_clients", max, "lowered_to", allowed)
	return allowed
}
