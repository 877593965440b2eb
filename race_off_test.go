//go:build !race

package gibson_test

const raceEnabled = false
