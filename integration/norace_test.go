//go:build !race

package integration

// raceEnabled says that the tests run under the race detector.
const raceEnabled = false
