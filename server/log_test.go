package server

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// logRecorder keeps what is logged. It is safe for concurrent use.
type logRecorder struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func newLogRecorder() *logRecorder { return &logRecorder{} }

func (r *logRecorder) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (r *logRecorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(b)
}

func (r *logRecorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

// contains reports whether all of the texts were logged.
func (r *logRecorder) contains(texts ...string) bool {
	s := r.String()
	for _, t := range texts {
		if !strings.Contains(s, t) {
			return false
		}
	}
	return true
}
