package snapshot

import (
	"io"
	"io/fs"
	"os"
)

// FS is what this package needs of a file system. Disk is the real one.
type FS interface {
	// CreateTemp makes a new file in dir with mode 0600, as os.CreateTemp does.
	CreateTemp(dir, pattern string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename gives a file another name, in place of a file that has it.
	Rename(from, to string) error
	// Link gives a file a second name, and fails if there is one that has it.
	Link(name, second string) error
	// Remove removes a file.
	Remove(name string) error
	// ReadDir lists a directory.
	ReadDir(dir string) ([]fs.DirEntry, error)
	// SyncDir makes what happened to the names in a directory last.
	SyncDir(dir string) error
}

// File is an open file.
type File interface {
	io.ReadWriteSeeker
	io.Closer
	Name() string
	// Sync makes what was written last.
	Sync() error
}

// Disk is the file system of the system.
type Disk struct{}

// CreateTemp is os.CreateTemp.
func (Disk) CreateTemp(dir, pattern string) (File, error) { return os.CreateTemp(dir, pattern) }

// Open is os.Open.
func (Disk) Open(name string) (File, error) { return os.Open(name) }

// Rename is os.Rename.
func (Disk) Rename(from, to string) error { return os.Rename(from, to) }

// Link is os.Link.
func (Disk) Link(name, second string) error { return os.Link(name, second) }

// Remove is os.Remove.
func (Disk) Remove(name string) error { return os.Remove(name) }

// ReadDir is os.ReadDir.
func (Disk) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }

// SyncDir flushes a directory to the disk, where the system knows that.
func (Disk) SyncDir(dir string) error { return syncDir(dir) }
