package wire_test

import (
	"encoding/hex"
	"strings"
	"testing"
)

// unhex decodes hexadecimal digits, blanks between them ignored.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("test data %q: %v", s, err)
	}
	return b
}

// mustNotAllocate fails the test if f allocates.
func mustNotAllocate(t *testing.T, name string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%s: %v allocations, want 0", name, n)
	}
}
