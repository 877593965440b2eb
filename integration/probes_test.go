package integration

import (
	"testing"
)

// TestProbes asks our server what the original was asked. Every reply must be
// the original's, byte for byte, but for the exceptions.
func TestProbes(t *testing.T) {
	exceptions := loadExceptions(t)
	for _, s := range loadScripts(t, "probes") {
		t.Run(s.id, func(t *testing.T) {
			t.Parallel()
			playProbe(t, newWorld(t, modeUnix, s.conf), s, exceptionsOf(exceptions, s.id))
		})
	}
}

// playProbe runs a probe with our answers where they differ.
func playProbe(t *testing.T, w world, s *script, differs map[int]exception) [][]outcome {
	t.Helper()
	p := &player{t: t, w: w, expect: func(i int, st step) string {
		if e, ok := differs[i]; ok {
			return e.ours
		}
		return st.expect
	}}
	p.play(s)
	return p.outcomes
}

// TestProbesComplete checks that no probe got lost: 79 were recorded.
func TestProbesComplete(t *testing.T) {
	probes := loadScripts(t, "probes")
	if len(probes) != 79 {
		t.Errorf("%d probes, want 79", len(probes))
	}
	seen := map[string]bool{}
	for _, s := range probes {
		if seen[s.id] {
			t.Errorf("%s: probe %s is there twice", s.where, s.id)
		}
		seen[s.id] = true
	}
}
