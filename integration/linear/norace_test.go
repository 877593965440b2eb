//go:build !race

package linear

const raceFactor = 1
