package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxLine bounds a line of a file, in bytes.
const maxLine = 64 << 10

// ReadFile returns the settings in the file of that name. See Parse.
func ReadFile(name string) ([]Setting, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return Parse(name, f)
}

// Parse returns the settings that r holds, in the form of gibson.conf; name is
// for messages. Each line is empty or has a directive, with underscores or
// minuses, and after blanks its value, which goes to the end of the line. A #
// at the beginning or after a blank begins a comment.
//
// A directive that does not exist or has a value that is not allowed is an
// error; all of them are reported, joined. What a directive means that is given
// twice is for Resolve to say.
func Parse(name string, r io.Reader) ([]Setting, error) {
	var settings []Setting
	var errs []error
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	line := 0
	for lines.Scan() {
		line++
		word, text := cut(lines.Text())
		if word == "" {
			continue
		}
		src := Source{Kind: File, Name: name, Line: line}
		d, ok := Lookup(word)
		if !ok {
			errs = append(errs, &Error{src, unknown(word)})
			continue
		}
		if err := d.Check(text); err != nil {
			errs = append(errs, &Error{src, err.Error()})
			continue
		}
		settings = append(settings, Setting{d.Name, text, src})
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		errs = append(errs, &Error{Source{File, name, line + 1}, fmt.Sprintf("the line is too long, want at most %d bytes", maxLine-1)})
	case err != nil:
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return settings, nil
}

// cut divides a line into a directive and its value, both without blanks
// around them. A line without a directive gives an empty one.
func cut(line string) (word, text string) {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || isBlank(line[i-1])) {
			line = line[:i]
			break
		}
	}
	line = strings.Trim(line, " \t\r")
	end := strings.IndexAny(line, " \t")
	if end < 0 {
		return line, ""
	}
	return line[:end], strings.TrimLeft(line[end:], " \t")
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
