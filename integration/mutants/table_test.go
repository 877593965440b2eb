package main

import (
	"io"
	"os"
	"testing"
)

// TestTable: only what a test noticed is noticed, and a hang has to be expected.
func TestTable(t *testing.T) {
	for _, test := range []struct {
		hangs bool
		kind  kind
		ok    bool
	}{{false, noticed, true}, {true, noticed, true}, {false, passed, false}, {true, passed, false}, {false, hung, false}, {true, hung, true}} {
		sum := table{out: io.Discard}
		sum.row(&mutant{hangs: test.hangs}, result{kind: test.kind}, nil)
		if err := sum.end(); (err == nil) != test.ok {
			t.Errorf("hang expected %v, kind %d: %v", test.hangs, test.kind, err)
		}
	}
	sum := table{out: io.Discard}
	sum.row(&mutant{}, result{kind: noticed}, os.ErrNotExist)
	if sum.end() == nil {
		t.Error("an error is no reason to end with 1")
	}
}
