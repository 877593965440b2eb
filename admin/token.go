package admin

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
)

// Bounds of a token, in bytes.
const (
	minToken = 16
	maxToken = 1024
)

// readToken returns the token in the file of that name, without blanks and
// newlines around it. A file that others than its owner may read or change is
// an error, where modes mean something.
func readToken(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s has mode %04o, so that others may use the token: want 0600", name, perm)
	}
	token, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err != nil {
		return nil, err
	}
	token = bytes.TrimSpace(token)
	if len(token) < minToken || len(token) > maxToken {
		return nil, fmt.Errorf("%s holds %d bytes, want a token of %d to %d", name, len(token), minToken, maxToken)
	}
	return token, nil
}

// protect lets only those requests through to next that have the token.
func (h *Handler) protect(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.opts.TokenFile == "" {
			http.Error(w, "refused: no token file is configured", http.StatusForbidden)
			return
		}
		token, err := readToken(h.opts.TokenFile)
		if err != nil {
			h.log.Error("admin: the token cannot be read", "err", err)
			http.Error(w, "refused: the token cannot be read", http.StatusForbidden)
			return
		}
		sent, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || !same([]byte(sent), token) {
			h.log.Warn("admin: request without the token refused", "path", r.URL.Path, "client", r.RemoteAddr)
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "refused: want the token, as Authorization: Bearer TOKEN", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// same compares without telling by the time it takes how much of a and b is
// the same, nor how long they are.
func same(a, b []byte) bool {
	x, y := sha256.Sum256(a), sha256.Sum256(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
