package resident

import (
	"os"
	"testing"
)

func TestParse(t *testing.T) {
	page := int64(os.Getpagesize())
	for text, want := range map[string][2]int64{
		"5218 709 600 12 0 300 0\n": {709, 600},
		"5218 709":                  {709, 0},
		"5218":                      {},
		"":                          {},
		"a b c":                     {},
	} {
		for i, pages := range want {
			if got := parse([]byte(text), i+1); got != pages*page {
				t.Errorf("parse(%q, %d) = %d, want %d", text, i+1, got, pages*page)
			}
		}
	}
}
