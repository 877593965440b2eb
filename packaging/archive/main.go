// Command archive packs a directory so that the same files give the same
// bytes, on whatever machine and whenever: in order, with one time for all,
// and nobody's name.
//
//	archive -time UNIX -prefix NAME DIR FILE.tar.gz|FILE.zip
package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

func main() {
	seconds := flag.Int64("time", 0, "`seconds` since 1970 that all files are of; zip has none before 1980")
	prefix := flag.String("prefix", "", "the `directory` in the archive that everything is in")
	flag.Parse()
	if flag.NArg() != 2 || *prefix == "" {
		fmt.Fprintln(os.Stderr, "archive: want -prefix, a directory and the name of the archive")
		os.Exit(2)
	}
	if err := create(flag.Arg(1), os.DirFS(flag.Arg(0)), *prefix, time.Unix(*seconds, 0).UTC()); err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}

// create writes the archive of that name, whose ending says what it is.
func create(name string, files fs.FS, prefix string, at time.Time) (err error) {
	write := writeTar
	switch {
	case strings.HasSuffix(name, ".zip"):
		write = writeZip
	case !strings.HasSuffix(name, ".tar.gz"):
		return fmt.Errorf("%s ends neither with .tar.gz nor with .zip", name)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f, files, prefix, at)
}

// each calls add for every file, in the order of their names.
func each(files fs.FS, add func(name string, mode fs.FileMode, data []byte) error) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", name)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		// What a umask made of the mode is this machine's business.
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		return add(name, mode, data)
	})
}

func writeTar(w io.Writer, files fs.FS, prefix string, at time.Time) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	tw := tar.NewWriter(zw)
	err = each(files, func(name string, mode fs.FileMode, data []byte) error {
		h := &tar.Header{Name: path.Join(prefix, name), Mode: int64(mode), Size: int64(len(data)), ModTime: at, Format: tar.FormatPAX}
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		_, err := tw.Write(data)
		return err
	})
	return errors.Join(err, tw.Close(), zw.Close())
}

func writeZip(w io.Writer, files fs.FS, prefix string, at time.Time) error {
	zw := zip.NewWriter(w)
	err := each(files, func(name string, mode fs.FileMode, data []byte) error {
		h := &zip.FileHeader{Name: path.Join(prefix, name), Method: zip.Deflate, Modified: at}
		h.SetMode(mode)
		e, err := zw.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = e.Write(data)
		return err
	})
	return errors.Join(err, zw.Close())
}
