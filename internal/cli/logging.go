package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/gogibson/gibson/internal/config"
)

// flushInterval is how long a line may wait for others if logflushrate
// collects them.
const flushInterval = time.Second

// logMode is the mode of log files that are made: others than owner and group
// need not know the clients' addresses.
const logMode = 0o640

// logOutput writes the log to a file that can be opened again, or to the
// standard streams of the process. A write is one line.
type logOutput struct {
	stdout, stderr io.Writer

	mu    sync.Mutex // protects the following fields
	file  *os.File   // nil for the standard streams
	w     io.Writer
	rate  int // lines to collect
	lines int // collected
	buf   []byte
	timer *time.Timer // flushes what waits; nil while nothing does
	torn  bool        // the file ends in the middle of a line
	lost  int64       // lines that could not be written, ever
	said  int64       // how many of them recovered has told of
	fails bool        // the last write did
}

// newLogOutput returns an output to the file of that name.
func newLogOutput(name string, rate int, stdout, stderr io.Writer) (*logOutput, error) {
	o := &logOutput{stdout: stdout, stderr: stderr, rate: rate}
	if err := o.reopen(name); err != nil {
		return nil, err
	}
	return o, nil
}

// reopen opens the file of that name, the same or another, and then closes the
// one before. If that fails, the old one stays.
func (o *logOutput) reopen(name string) error {
	var w io.Writer
	var file *os.File
	switch name {
	case "", "/dev/stderr":
		w = o.stderr
	case "/dev/stdout":
		w = o.stdout
	default:
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, logMode)
		if err != nil {
			return err
		}
		w, file = f, f
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.flushLocked() // what cannot be written to the old file is lost with it
	if o.file != nil {
		_ = o.file.Close() // likewise
	}
	o.w, o.file, o.torn = w, file, false
	return nil
}

// setRate changes how many lines are collected.
func (o *logOutput) setRate(rate int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rate = rate
}

// Write takes one line.
func (o *logOutput) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf = append(o.buf, line...)
	o.lines++
	if o.lines >= o.rate {
		return len(line), o.flushLocked()
	}
	if o.timer == nil {
		o.timer = time.AfterFunc(flushInterval, func() { _ = o.flush() })
	}
	return len(line), nil
}

// flush writes what was collected.
func (o *logOutput) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flushLocked()
}

func (o *logOutput) flushLocked() error {
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	if o.lines == 0 {
		return nil
	}
	defer func() { o.buf, o.lines = o.buf[:0], 0 }()
	if o.torn {
		if _, err := o.put([]byte("\n")); err != nil {
			return o.lose(o.buf, err)
		}
	}
	n, err := o.put(o.buf)
	if err != nil {
		return o.lose(o.buf[n:], err)
	}
	o.fails = false
	return nil
}

// put writes b, and knows where the file ends then. A writer that takes less
// without a word, which it should not, fails like any other.
func (o *logOutput) put(b []byte) (n int, err error) {
	n, err = o.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if n > 0 {
		o.torn = b[n-1] != '\n'
	}
	return n, err
}

// lose counts the lines that were not written because of err, which it
// returns. A server with a full disk goes on.
func (o *logOutput) lose(rest []byte, err error) error {
	o.lost += int64(bytes.Count(rest, []byte("\n")))
	o.fails = true
	return err
}

// lostLines returns how many lines could not be written, ever.
func (o *logOutput) lostLines() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}

// recovered returns how many lines were lost since it last did, once lines can
// be written again.
func (o *logOutput) recovered() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails || o.lines > 0 {
		return 0
	}
	n := o.lost - o.said
	o.said = o.lost
	return n
}

// close writes what was collected and closes the file.
func (o *logOutput) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.flushLocked() // counted, and nowhere to be told
	var err error
	if o.file != nil {
		err = o.file.Close()
	}
	o.w, o.file = io.Discard, nil
	return err
}

// newLogger returns a logger to o. Its level is that of least, now and later.
func newLogger(o *logOutput, format string, least slog.Leveler) *slog.Logger {
	opts := &slog.HandlerOptions{Level: least, ReplaceAttr: nameLevel}
	var h slog.Handler = slog.NewTextHandler(o, opts)
	if format == "json" {
		h = slog.NewJSONHandler(o, opts)
	}
	return slog.New(promptHandler{h, o})
}

// nameLevel gives the original's highest level its name.
func nameLevel(groups []string, a slog.Attr) slog.Attr {
	if l, ok := a.Value.Any().(slog.Level); ok && len(groups) == 0 && a.Key == slog.LevelKey && l == config.LevelCritical {
		a.Value = slog.StringValue("CRITICAL")
	}
	return a
}

// promptHandler is a handler whose errors are written at once, whatever else
// is collected, and that tells of lines that were lost.
type promptHandler struct {
	slog.Handler
	out *logOutput
}

// Handle logs r.
func (h promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelError {
		err = errors.Join(err, h.out.flush())
	}
	if n := h.out.recovered(); n > 0 {
		note := slog.NewRecord(r.Time, slog.LevelWarn, "lines of the log were lost", 0)
		note.AddAttrs(slog.Int64("lines", n))
		err = errors.Join(err, h.Handler.Handle(ctx, note))
	}
	return err
}

// WithAttrs returns a handler with these attributes.
func (h promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(attrs), h.out}
}

// WithGroup returns a handler that puts what follows into a group.
func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.out}
}
