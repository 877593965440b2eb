package main

import (
	"errors"
	"fmt"
	"io"
)

// table is what is printed, and what it adds up to.
type table struct {
	out                     io.Writer
	all, noticed, hung, bad int
}

func (t *table) begin() {
	fmt.Fprintln(t.out, "| broken on purpose | file | noticed by | package | after |")
	fmt.Fprintln(t.out, "|---|---|---|---|---|")
}

// row prints what became of m.
func (t *table) row(m *mutant, r result, err error) {
	t.all++
	who := r.who
	switch {
	case err != nil:
		t.bad++
		who = "**" + err.Error() + "**"
	case r.kind == passed:
		t.bad++
		who = "**nobody**"
	case r.kind == hung && m.hangs:
		t.hung++
		who += " hangs, as expected"
	case r.kind == hung:
		t.bad++
		who += " **hangs**"
	default:
		t.noticed++
	}
	fmt.Fprintf(t.out, "| %s | `%s` | %s | %s | %.1f s |\n", m.title, m.file, who, r.pkg, r.took.Seconds())
}

// end sums up.
func (t *table) end() error {
	fmt.Fprintf(t.out, "\n%d of %d were noticed, %d more made tests hang as expected.\n", t.noticed, t.all, t.hung)
	if t.bad > 0 {
		return errors.New("not all were noticed")
	}
	return nil
}
