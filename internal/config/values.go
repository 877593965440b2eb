package config

import (
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A value reads and writes one field of a Config, as flag.Value does.
type value interface {
	// set reads text into the field and reports whether it could. If not, the
	// field is as it was.
	set(text string) bool
	// text returns the field as set reads it, in its shortest form.
	text() string
	// kind is the type's name in the documents.
	kind() string
	// allowed completes "want …" in messages.
	allowed() string
}

// size is a number of bytes with a unit, from low to high. If word is not
// empty, it may be written in place of a number and stands for special.
type size[T int | int64] struct {
	n         *T
	low, high int64
	word      string
	special   T
}

func (v size[T]) set(text string) bool {
	if v.word != "" && text == v.word {
		*v.n = v.special
		return true
	}
	n, err := ParseSize(text)
	if err != nil || n < v.low || n > v.high {
		return false
	}
	*v.n = T(n)
	return true
}

func (v size[T]) text() string {
	if v.word != "" && *v.n == v.special {
		return v.word
	}
	return FormatSize(int64(*v.n))
}

func (v size[T]) kind() string { return "size" }

func (v size[T]) allowed() string {
	s := "a size such as 64M, at least " + FormatSize(v.low)
	if v.high < math.MaxInt64 {
		s = fmt.Sprintf("a size from %s to %s", FormatSize(v.low), FormatSize(v.high))
	}
	if v.word != "" {
		s += ", or " + v.word
	}
	return s
}

// duration is a number of seconds with a unit, from low to high. If zeroOff,
// "off" is another way to write 0.
type duration struct {
	d         *time.Duration
	low, high time.Duration
	zeroOff   bool
}

func (v duration) set(text string) bool {
	if v.zeroOff && text == "off" {
		text = "0"
	}
	d, err := ParseDuration(text)
	if err != nil || d < v.low || d > v.high {
		return false
	}
	*v.d = d
	return true
}

func (v duration) text() string {
	if v.zeroOff && *v.d == 0 {
		return "off"
	}
	return FormatDuration(*v.d)
}

func (v duration) kind() string { return "duration" }

func (v duration) allowed() string {
	s := fmt.Sprintf("a duration such as 15m, from %s to %s", FormatDuration(v.low), FormatDuration(v.high))
	if v.zeroOff {
		s += ", or off"
	}
	return s
}

// number is a whole number from low to high.
type number struct {
	n         *int
	low, high int
}

func (v number) set(text string) bool {
	n, ok := parse(text, nil)
	if !ok || n < int64(v.low) || n > int64(v.high) {
		return false
	}
	*v.n = int(n)
	return true
}

func (v number) text() string { return strconv.Itoa(*v.n) }
func (v number) kind() string { return "number" }
func (v number) allowed() string {
	return fmt.Sprintf("a whole number from %d to %d", v.low, v.high)
}

// numberOr is a number, or a word for what no number says.
type numberOr struct {
	number
	word    string
	special int
}

func (v numberOr) set(text string) bool {
	if text == v.word {
		*v.n = v.special
		return true
	}
	return v.number.set(text)
}

func (v numberOr) text() string {
	if *v.n == v.special {
		return v.word
	}
	return v.number.text()
}

func (v numberOr) allowed() string { return v.number.allowed() + ", or " + v.word }

// path is the name of a file; the field is empty as long as none was given.
type path struct{ s *string }

func (v path) set(text string) bool {
	if text == "" || strings.ContainsFunc(text, isControl) {
		return false
	}
	*v.s = text
	return true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func (v path) text() string    { return *v.s }
func (v path) kind() string    { return "path" }
func (v path) allowed() string { return "the path of a file" }

// host is an IP address or a host name.
type host struct{ s *string }

func (v host) set(text string) bool {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '/' || r == '[' || r == ']' || r >= 0x7f }) {
		return false
	}
	// A port has a directive of its own; more than one colon is IPv6.
	if strings.Count(text, ":") == 1 {
		return false
	}
	*v.s = text
	return true
}

func (v host) text() string    { return *v.s }
func (v host) kind() string    { return "host" }
func (v host) allowed() string { return "an IP address or a host name, without a port" }

// endpoint is a host and a port, or off, for which the field is empty.
type endpoint struct{ s *string }

func (v endpoint) set(text string) bool {
	if text == "off" {
		*v.s = ""
		return true
	}
	h, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	var n int
	if !(host{&h}).set(h) || !(number{&n, 0, 65535}).set(port) {
		return false
	}
	*v.s = text
	return true
}

func (v endpoint) text() string {
	if *v.s == "" {
		return "off"
	}
	return *v.s
}

func (v endpoint) kind() string { return "host:port" }
func (v endpoint) allowed() string {
	return "host:port, such as 127.0.0.1:10129 or [::1]:10129, or off"
}

// list is up to most words with blanks between them.
type list struct {
	words *[]string
	most  int
}

func (v list) set(text string) bool {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > v.most || strings.ContainsFunc(strings.Join(words, ""), isControl) {
		return false
	}
	*v.words = words
	return true
}

func (v list) text() string { return strings.Join(*v.words, " ") }
func (v list) kind() string { return "list" }
func (v list) allowed() string {
	return fmt.Sprintf("words with blanks between them, at most %d", v.most)
}

// boolean is yes or no. The original writes 1 and 0.
type boolean struct{ b *bool }

func (v boolean) set(text string) bool {
	switch text {
	case "yes", "1", "on", "true":
		*v.b = true
	case "no", "0", "off", "false":
		*v.b = false
	default:
		return false
	}
	return true
}

func (v boolean) text() string {
	if *v.b {
		return "yes"
	}
	return "no"
}
func (v boolean) kind() string    { return "yes/no" }
func (v boolean) allowed() string { return "yes, no, 1 or 0" }

// choice is one of some words.
type choice struct {
	s     *string
	words []string
}

func (v choice) set(text string) bool {
	if !slices.Contains(v.words, text) {
		return false
	}
	*v.s = text
	return true
}

func (v choice) text() string    { return *v.s }
func (v choice) kind() string    { return "word" }
func (v choice) allowed() string { return enumerate(v.words) }

// enumerate joins words by commas and a last or.
func enumerate(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// level is a log level, by the original's number or by name.
type level struct{ l *slog.Level }

// LevelCritical is the highest of the original's log levels, above those that
// log/slog has names for.
const LevelCritical = slog.LevelError + 4

// levels are the log levels; a level's number is its place.
func levels() []struct {
	name  string
	level slog.Level
} {
	return []struct {
		name  string
		level slog.Level
	}{
		{"debug", slog.LevelDebug},
		{"info", slog.LevelInfo},
		{"warning", slog.LevelWarn},
		{"error", slog.LevelError},
		{"critical", LevelCritical},
	}
}

func (v level) set(text string) bool {
	for i, l := range levels() {
		if text == l.name || text == strconv.Itoa(i) {
			*v.l = l.level
			return true
		}
	}
	return false
}

func (v level) text() string {
	for _, l := range levels() {
		if *v.l == l.level {
			return l.name
		}
	}
	return v.l.String() // no value that set takes
}

func (v level) kind() string { return "level" }
func (v level) allowed() string {
	var words []string
	for i, l := range levels() {
		words = append(words, strconv.Itoa(i)+" ("+l.name+")")
	}
	return enumerate(words)
}

// mode is a file mode in octal.
type mode struct{ m *fs.FileMode }

func (v mode) set(text string) bool {
	n, err := strconv.ParseUint(text, 8, 32)
	// Without the owner's right to write, nobody but root could connect.
	if err != nil || n > 0o777 || n&0o200 == 0 || len(text) > 4 {
		return false
	}
	*v.m = fs.FileMode(n)
	return true
}

func (v mode) text() string { return fmt.Sprintf("%04o", *v.m) }
func (v mode) kind() string { return "mode" }
func (v mode) allowed() string {
	return "an octal mode that lets the owner write, such as 0700, 0770 or 0777"
}
