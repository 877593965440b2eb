package config

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print writes the effective configuration in the form of a file that would
// give the same, each value with a comment that says where it came from. What
// is not set, or has no effect beside the others, is itself a comment.
func (c *Config) Print(w io.Writer) error {
	unix, tcp := c.Listeners()
	columns := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	var section Section
	for _, d := range c.table() {
		if d.Section != section {
			if section != "" {
				fmt.Fprintln(columns)
			}
			section = d.Section
			fmt.Fprintf(columns, "# %s\n", section)
		}
		value, note := d.value.text(), c.Source(d.Name).String()
		name := d.Name
		switch {
		case value == "":
			name, value = "# "+name, "(none)"
		case !unix && name == "unix_socket":
			name, note = "# "+name, note+"; not opened, for another listener is named"
		case !tcp && (name == "address" || name == "port"):
			name, note = "# "+name, note+"; not opened, for another listener is named"
		case section == Unused:
			note += "; ignored"
		}
		fmt.Fprintf(columns, "%s\t%s\t# %s\n", name, value, note)
	}
	return columns.Flush()
}
