//go:build !unix

package snapshot

// syncDir does nothing: directories are not flushed here.
func syncDir(string) error { return nil }
