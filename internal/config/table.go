package config

import (
	"math"
	"time"
)

// Bounds of the values. Those of sizes are what the protocol's length fields
// and the cache can hold.
const (
	maxField     = math.MaxInt32 - 1<<10
	maxKey       = 16 << 20
	maxValue     = 1 << 30
	maxLimit     = 20 << 30 // of max_memory: the cache's own
	maxFamilies  = 32
	maxHosts     = 32
	maxListeners = 32
	maxFiles     = 32
	maxNames     = 256
	longest      = 10 * 365 * 24 * time.Hour
	longestProbe = 32767 * time.Second // the system's bound
)

// table returns the directives, each bound to its field of c.
func (c *Config) table() []Directive {
	return []Directive{
		{Network, "unix_socket", "/tmp/gibson.sock", "/var/run/gibson.sock", true, false,
			"Listen on a unix socket at this path",
			path{&c.UnixSocket}},
		{Network, "unix_socket_mode", "0700", "", false, false,
			"Who may connect to it: 0700 its owner, 0770 the group, 0777 every user, as the original had it",
			mode{&c.UnixSocketMode}},
		{Network, "address", "127.0.0.1", "", true, false,
			"Listen on TCP at this host, without TLS; beyond the loopback interface only with allow_unauthenticated",
			host{&c.Address}},
		{Network, "port", "10128", "", true, false,
			"Listen on this TCP port; 0: any that is free",
			number{&c.Port, 0, 65535}},
		{Network, "listen", "", "", false, false,
			"Listen here too, with TLS if it says tls; may be given several times, or with blanks between the addresses",
			listeners{&c.Listen, maxListeners}},
		{Network, "allow_unauthenticated", "no", "", false, false,
			"Let everyone who can reach an address read and change everything",
			boolean{&c.AllowUnauthenticated}},
		{Network, "max_clients", "1024", "255", true, true,
			"Connections at once; one more is closed at once",
			number{&c.MaxClients, 1, 1 << 20}},
		{Network, "max_clients_per_address", "0", "", false, true,
			"Connections at once from one IP address; one more is closed at once. 0: as many as max_clients. Clients of unix sockets do not count",
			number{&c.MaxClientsPerAddress, 0, 1 << 20}},
		{Network, "max_idletime", "30s", "30", true, false,
			"TCP keepalive: probe a client that was silent this long and close the connection if its machine is gone. It closes no client that is there",
			duration{&c.KeepAlive, 0, longestProbe, true}},
		{Network, "idle_timeout", "off", "", false, true,
			"Close a client that sent nothing for this long",
			duration{&c.IdleTimeout, 0, longest, true}},
		{Network, "write_timeout", "30s", "", false, true,
			"Close a client that does not take its replies for this long",
			duration{&c.WriteTimeout, 0, longest, true}},
		{Network, "busy_poll_us", "auto", "", false, false,
			"How many microseconds the server looks for the next request of plain connections before it sleeps, on Linux. It does so while they come, on the average, in less than half of that, with one processor at the most; clients are answered sooner. 0: never, as on a single processor. auto: 200, or 0 under a quota of less than two processors",
			numberOr{number{&c.BusyPollMicros, 0, 1000}, "auto", -1}},

		{TLS, "tls_cert", "", "", false, true,
			"For listeners with TLS: files with certificates in PEM, each followed by those it is signed with. A client gets the first that has the name it asks for, or else the first",
			list{&c.TLSCerts, maxFiles}},
		{TLS, "tls_key", "", "", false, true,
			"Files with their private keys, in the same order; without it, the keys are in the files of the certificates",
			list{&c.TLSKeys, maxFiles}},
		{TLS, "tls_client_ca", "", "", false, true,
			"Clients need a certificate signed by an authority in this file; client_ca of a listener overrides it",
			path{&c.TLSClientCA}},
		{TLS, "tls_client_names", "", "", false, true,
			"Of those clients, only the ones whose certificate has one of these names, as common name or alternative name; client_names of a listener overrides it",
			list{&c.TLSClientNames, maxNames}},
		{TLS, "tls_handshake_timeout", "10s", "", false, false,
			"How long a client may take for its handshake",
			duration{&c.TLSHandshakeTimeout, time.Second, time.Hour, false}},

		{Process, "daemonize", "no", "1", true, false,
			"Go into the background once the sockets listen",
			boolean{&c.Daemonize}},
		{Process, "pidfile", "", "/var/run/gibson.pid", true, false,
			"Write the process's number to this file while it serves",
			path{&c.PIDFile}},
		{Process, "shutdown_timeout", "10s", "", false, true,
			"At SIGTERM or SIGINT, how long clients have to take their replies before they are cut",
			duration{&c.ShutdownTimeout, 0, longest, false}},
		{Process, "logfile", "", "/var/log/gibson.log", true, true,
			"Log to the end of this file instead of standard error",
			path{&c.LogFile}},
		{Process, "loglevel", "info", "1", true, true,
			"The least level that is logged",
			level{&c.LogLevel}},
		{Process, "log_format", "text", "", false, false,
			"Log lines of key=value or JSON objects",
			choice{&c.LogFormat, []string{"text", "json"}}},
		{Process, "logflushrate", "1", "1", true, true,
			"Lines that are collected before they are written; they wait a second at most, and an error never",
			number{&c.LogFlushRate, 1, 1 << 20}},

		{Memory, "max_memory", "auto", "1G", true, true,
			"Memory for the whole server: items, clients and the program itself; auto: 1G, but at most half of what the machine or the control group has. A reload can lower it, and raise it to what it was at the start",
			size[int64]{&c.MaxMemory, 1, maxLimit, "auto", 0}},
		{Memory, "eviction", "lfu", "", false, false,
			"What to do when it is full: remove what is seldom used (lfu) or was not used for long (lru), or refuse new values and remove what is old (gc_ratio) or nothing (none)",
			choice{&c.Eviction, []string{"lfu", "lru", "gc_ratio", "none"}}},
		{Memory, "gc_ratio", "15m", "15m", true, false,
			"For eviction gc_ratio: when it is full, remove the items that nobody used for this long",
			duration{&c.GCRatio, time.Second, longest, false}},
		{Memory, "max_mem_cron", "15s", "15s", true, false,
			"For eviction gc_ratio: how often to look whether it is full",
			duration{&c.MaxMemCron, time.Second, longest, false}},
		{Memory, "compression", "4K", "4K", true, false,
			"Store values above this size compressed if that makes them smaller",
			size[int]{&c.Compression, 1, maxValue, "off", -1}},

		{Limits, "max_item_ttl", "30d", "2592000", true, false,
			"Longest life of an item; a longer one is cut to it",
			duration{&c.MaxItemTTL, time.Second, math.MaxUint32 * time.Second, false}},
		{Limits, "max_key_size", "1K", "1K", true, false,
			"Longest key or prefix",
			size[int]{&c.MaxKeySize, 1, maxKey, "", 0}},
		{Limits, "max_value_size", "2096127", "2096127", true, false,
			"Longest value",
			size[int]{&c.MaxValueSize, 1, maxValue, "", 0}},
		{Limits, "max_request_size", "2M", "2M", true, false,
			"Longest request; a longer one ends the connection",
			size[int]{&c.MaxRequestSize, 2, maxField, "", 0}},
		{Limits, "max_response_size", "64M", "15M", true, false,
			"Longest list that MGET and KEYS return; a longer one is answered ERR",
			size[int]{&c.MaxResponseSize, 1, maxField, "", 0}},
		{Limits, "max_output_memory", "auto", "", false, true,
			"Memory for replies above 64K that clients have not read yet, of all clients together; a reply that does not fit is ERR. auto: a tenth of max_memory, at least 16M",
			size[int64]{&c.MaxOutputMemory, 1, math.MaxInt64, "auto", 0}},

		{Restart, "snapshot", "", "", false, false,
			"Keep the items in this file over a restart: it is read at the start and written at the end, every snapshot_interval and at SIGUSR1",
			path{&c.Snapshot}},
		{Restart, "snapshot_interval", "15m", "", false, true,
			"How often the snapshot is written while the server runs; off: only at the end and at SIGUSR1",
			duration{&c.SnapshotInterval, 0, longest, true}},

		{Admin, "admin", "127.0.0.1:10129", "", false, false,
			"Serve health, figures and the rest of the admin endpoint over HTTP here; beyond the loopback interface only with allow_unauthenticated",
			endpoint{&c.Admin}},
		{Admin, "admin_token_file", "", "", false, false,
			"Read the token that changes through the endpoint need from this file, mode 0600; without it they are refused",
			path{&c.AdminTokenFile}},
		{Admin, "admin_families", "", "", false, false,
			"Prefixes whose number of items is among the figures",
			list{&c.AdminFamilies, maxFamilies}},
		{Admin, "admin_hosts", "", "", false, false,
			"Names, besides localhost, by which requests may call this host",
			list{&c.AdminHosts, maxHosts}},
		{Admin, "admin_profiles", "no", "", false, false,
			"Serve profiles of the program at /debug/pprof/",
			boolean{&c.AdminProfiles}},
		{Admin, "slowlog_ms", "10", "", false, false,
			"Keep batches of requests in the slow log that took this many milliseconds or more",
			number{&c.SlowLogMillis, 1, math.MaxInt32}},
		{Admin, "slowlog_size", "128", "", false, false,
			"Entries in the slow log; 0: none is kept",
			number{&c.SlowLogSize, 0, 1 << 16}},

		{Unused, "cron_period", "100", "100", true, false,
			"Read and ignored: milliseconds between the original's rounds of housekeeping, which is done as it falls due here",
			number{&c.cronPeriod, 1, math.MaxInt32}},
		{Unused, "expired_cron", "15s", "15s", true, false,
			"Read and ignored: seconds between the original's searches for expired items, which are gone at once here",
			duration{&c.expiredCron, time.Second, longest, false}},
	}
}
