//go:build !linux

package cache

// useOfThread is not known here.
func useOfThread() threadUse { return threadUse{} }
