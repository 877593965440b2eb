// Package report prints results as markdown and keeps them in a document.
package report

import (
	"fmt"
	"io"
	"strings"
)

// Table is a markdown table. The zero value is empty.
type Table struct {
	head []string
	rows [][]string
}

// NewTable returns a table with these column headings.
func NewTable(head ...string) *Table { return &Table{head: head} }

// Row appends a row of cells, formatted with %v. Missing cells are empty.
func (t *Table) Row(cells ...any) {
	row := make([]string, len(t.head))
	for i, c := range cells {
		if i < len(row) {
			row[i] = strings.ReplaceAll(fmt.Sprint(c), "|", `\|`)
		}
	}
	t.rows = append(t.rows, row)
}

// WriteTo writes the table with its columns aligned.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	widths := make([]int, len(t.head))
	for i, h := range t.head {
		widths[i] = max(3, len([]rune(h)))
		for _, row := range t.rows {
			widths[i] = max(widths[i], len([]rune(row[i])))
		}
	}
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			fmt.Fprintf(&b, "| %-*s ", widths[i], c)
		}
		b.WriteString("|\n")
	}
	line(t.head)
	for _, n := range widths {
		b.WriteString("|" + strings.Repeat("-", n+2))
	}
	b.WriteString("|\n")
	for _, row := range t.rows {
		line(row)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// String returns the table as WriteTo writes it.
func (t *Table) String() string {
	var b strings.Builder
	_, _ = t.WriteTo(&b) // a Builder does not fail
	return b.String()
}
