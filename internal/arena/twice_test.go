//go:build race || arenadebug

package arena

import (
	"strings"
	"testing"
)

// TestGivenOutTwiceIsDetected has a region forget that its highest block is in use.
func TestGivenOutTwiceIsDetected(t *testing.T) {
	m, hs := fullRegion(t, 1<<20, 40)
	m.spoiled = true
	m.r.top = hs[0]
	defer func() {
		if msg, _ := recover().(string); !strings.Contains(msg, "given out twice") {
			t.Errorf("panic %q, want one that says given out twice", msg)
		}
	}()
	m.r.Alloc(40)
}
