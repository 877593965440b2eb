package admin

import "time"

// Target is what is administered. Its methods are safe for concurrent use. An
// error says that the target is closed.
type Target interface {
	// Figures returns the figures of the moment.
	Figures() (Figures, error)
	// Count returns how many items have keys with the prefix.
	Count(prefix string) (int64, error)
	// Clients returns the open connections, the oldest first.
	Clients() []Client
	// Kill closes the connection with that number and reports whether there
	// was one.
	Kill(id int64) bool
	// Flush deletes every item and returns how many there were.
	Flush() (int64, error)
}

// Figures are what a Target counts. Totals only grow.
type Figures struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`

	Clients        int64 `json:"clients"`
	MaxClients     int64 `json:"max_clients"`
	Connections    int64 `json:"connections_total"`
	Refused        int64 `json:"connections_refused_total"`
	Batches        int64 `json:"batches_total"`
	ProtocolErrors int64 `json:"protocol_errors_total"`
	Panics         int64 `json:"panics_total"`

	BusyPollMicros int64 `json:"busy_poll_us_total"` // in which the server looked for requests before it slept

	RefusedByAddress int64 `json:"connections_refused_by_address_total"` // not among Refused
	OutputMemory     int64 `json:"output_memory"`                        // bytes of replies that clients have not read, as far as they are bounded
	RepliesRefused   int64 `json:"replies_refused_total"`                // ERR for want of such memory

	CertificatesRefused int64     `json:"tls_certificates_refused_total"`   // of clients
	HandshakesFailed    int64     `json:"tls_handshakes_failed_total"`      // for any other reason
	CertificateExpires  time.Time `json:"tls_certificate_expires,omitzero"` // the first of the server's own; zero without TLS
	LogLinesLost        int64     `json:"log_lines_lost_total"`

	Snapshots       int64 `json:"snapshots_total"`        // written
	SnapshotsFailed int64 `json:"snapshots_failed_total"` // not written, because of an error

	Items           int64  `json:"items"`
	CompressedItems int64  `json:"items_compressed"`
	EvictedItems    int64  `json:"items_evicted"` // ever, because of the memory limit
	ExpiredItems    int64  `json:"items_expired"` // ever, because their life was over
	Memory          Memory `json:"memory"`

	Calls []Calls `json:"requests_total"`
	// Families are those of Options.Families; a Target leaves them out.
	Families []Family `json:"families,omitempty"`
}

// Memory is where the memory is, in bytes.
type Memory struct {
	Limit    int64 `json:"limit"`    // max_memory: Used is held to it less what the rest of the process takes
	Used     int64 `json:"used"`     // what they take, with what it costs to keep them
	Payload  int64 `json:"payload"`  // the part of Used that is keys and values
	Heap     int64 `json:"heap"`     // of the Go runtime: connections and the rest of the program
	Resident int64 `json:"resident"` // of the process, as the system sees it; 0 where it does not say
	Peak     int64 `json:"peak"`     // the highest Used so far
}

// Calls is how often a command had an outcome.
type Calls struct {
	Command string `json:"command"`
	Outcome string `json:"outcome"` // the reply's code, such as VAL or NOT_FOUND
	Count   int64  `json:"count"`
}

// Family is the size of one family of keys.
type Family struct {
	Prefix string `json:"prefix"`
	Items  int64  `json:"items"`
}

// Client is one open connection.
type Client struct {
	ID        int64     `json:"id"`
	Network   string    `json:"network"` // unix or tcp
	Address   string    `json:"address"` // empty on a unix socket
	Connected time.Time `json:"connected"`
	Requests  int64     `json:"requests"`
}
