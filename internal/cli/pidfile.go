package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// pidMode is the mode of pid files: whoever wants to signal the server reads
// them.
const pidMode = 0o644

// writePID writes this process's number to a new file of that name. One that
// is there is replaced: that no other server runs is what the sockets tell.
// remove removes the file unless it is another process's by then.
func writePID(name string) (remove func() error, err error) {
	pid := strconv.Itoa(os.Getpid())
	// Written beside it and renamed, so that nobody reads half a number, and
	// so that a link by that name is replaced rather than followed.
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(pid + "\n")
	err = errors.Join(err, f.Chmod(pidMode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	return func() error {
		data, err := os.ReadFile(name)
		if err != nil || strings.TrimSpace(string(data)) != pid {
			return nil // it is gone, or another's
		}
		return os.Remove(name)
	}, nil
}
