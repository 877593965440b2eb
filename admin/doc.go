// Package admin is the server's HTTP side, for operators and their tools:
// health, metrics, figures as JSON, the clients, a log of slow requests. It
// has an address of its own, apart from the protocol's.
//
//	GET  /healthz          200 while the process can answer
//	GET  /readyz           200 while it serves clients, else 503
//	GET  /metrics          Prometheus
//	GET  /stats.json       all figures
//	GET  /clients.json     the open connections
//	GET  /slowlog.json     the last slow batches of requests, newest first
//	GET  /debug/pprof/     profiles, if Options.Profiles is set
//
//	POST /clients/kill?id=N      close a connection
//	POST /slowlog/reset          forget the slow batches
//	POST /flush?confirm=flush    delete every item, locked or not
//	POST /snapshot               write a snapshot, soon
//
// What changes something needs the token from Options.TokenFile, as
// "Authorization: Bearer TOKEN". A web page cannot send that header to an
// address that is not its own, nor read anything by giving this address a name
// of its own: requests must call the host by an address, by localhost or by a
// name in Options.Hosts.
//
// The package knows neither the server nor the cache. What it needs of them is
// the interface Target.
package admin
