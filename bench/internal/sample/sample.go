// Package sample reduces repeated measurements to the figures that are quoted.
package sample

import (
	"cmp"
	"slices"
)

// Number is what can be measured.
type Number interface {
	~int | ~int64 | ~uint64 | ~float64
}

// Median returns the middle of xs, the mean of the two middle ones if their
// number is even, 0 of nothing. xs stays as it is.
func Median[T Number](xs []T) T {
	if len(xs) == 0 {
		return 0
	}
	s := slices.Clone(xs)
	slices.SortFunc(s, cmp.Compare)
	mid := len(s) / 2
	if len(s)%2 == 1 {
		return s[mid]
	}
	return s[mid-1] + (s[mid]-s[mid-1])/2
}

// Ratio returns the median of a[i]/b[i]. Both sides of one round met the same
// machine, so that this is steadier than the ratio of medians. Rounds without
// a base are left out.
func Ratio[T Number](a, b []T) float64 {
	var rs []float64
	for i := range min(len(a), len(b)) {
		if b[i] != 0 {
			rs = append(rs, float64(a[i])/float64(b[i]))
		}
	}
	return Median(rs)
}

// Spread returns the distance between the largest and the smallest of xs in
// parts of their median, a measure of how far to trust it.
func Spread[T Number](xs []T) float64 {
	m := float64(Median(xs))
	if m == 0 {
		return 0
	}
	return float64(slices.Max(xs)-slices.Min(xs)) / m
}
