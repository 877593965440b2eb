// Package gibsontest starts a real Gibson server within a test: the engine and
// the server of this module, on a unix socket and on TCP, each for itself and
// gone at the end of the test.
//
//	func TestGreeting(t *testing.T) {
//		srv := gibsontest.NewServer(t)
//		conn, err := gibson.Dial(t.Context(), srv.Addr(), nil)
//		...
//		srv.Advance(time.Hour) // whatever had a shorter life is gone
//	}
//
// # Time
//
// The server's clock stands still until Advance moves it. A test of lives and
// locks therefore neither waits nor depends on how fast it runs: what was
// stored with ten seconds to live is there after Advance(10*time.Second-1) and
// gone a nanosecond later. Timeouts of connections follow real time.
package gibsontest
