package resident

import (
	"os"
	"testing"
)

func TestParse(t *testing.T) {
	page := int64(os.Getpagesize())
	for text, want := range map[string]int64{
		"5218 709 600 12 0 300 0\n": 709 * page,
		"5218 709":                  709 * page,
		"5218":                      0,
		"":                          0,
		"a b c":                     0,
	} {
		if got := parse([]byte(text)); got != want {
			t.Errorf("parse(%q) = %d, want %d", text, got, want)
		}
	}
}
