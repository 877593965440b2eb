package cli

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// roff writes a manual page with the macros of man(7). What is written as
// text is escaped, so it may hold anything.
type roff struct{ bytes.Buffer }

// escapeRoff returns s as roff shows it: a minus that can be copied, no
// backslash that means something, and ASCII alone.
func escapeRoff(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '\\':
			b.WriteString(`\e`)
		case c == '-':
			b.WriteString(`\-`)
		case strings.ContainsRune("\"'^~`", c):
			fmt.Fprintf(&b, `\(%s`, map[rune]string{'"': "dq", '\'': "aq", '^': "ha", '~': "ti", '`': "ga"}[c])
		case c > unicode.MaxASCII:
			fmt.Fprintf(&b, `\[u%04X]`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// macro writes a request with arguments, which may hold blanks.
func (r *roff) macro(name string, args ...string) {
	r.WriteString("." + name)
	for _, a := range args {
		fmt.Fprintf(r, ` "%s"`, escapeRoff(a))
	}
	r.WriteByte('\n')
}

// line writes text as one line of input, which begins no request.
func (r *roff) line(text string) {
	if text = escapeRoff(text); strings.HasPrefix(text, ".") {
		r.WriteString(`\&`)
	}
	r.WriteString(text + "\n")
}

// text writes paragraphs with blank lines between them. Lines that begin with
// blanks keep their form.
func (r *roff) text(text string) { r.paragraphs(text, "PP") }

// paragraphs is text with the macro between paragraphs.
func (r *roff) paragraphs(text, between string) {
	literal := false
	set := func(now bool) {
		if literal != now {
			r.macro(map[bool]string{true: "nf", false: "fi"}[now])
			literal = now
		}
	}
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			set(false)
			r.macro(between)
			continue
		}
		if strings.HasPrefix(line, "  ") != literal {
			set(!literal)
		}
		r.line(line)
	}
	set(false)
}

// item writes a term in bold, with what follows it in italics, and what it
// means.
func (r *roff) item(term, arg, meaning string) {
	r.macro("TP")
	r.WriteString(`\fB` + escapeRoff(term) + `\fR`)
	if arg != "" {
		r.WriteString(` \fI` + escapeRoff(arg) + `\fR`)
	}
	r.WriteByte('\n')
	r.paragraphs(meaning, "IP")
}
