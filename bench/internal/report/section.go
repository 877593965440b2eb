package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// title begins a document that does not exist yet.
const title = `# Benchmarks

Each section is written by the command that it names; nothing here is edited by hand.
Ratios come from runs that alternate the sides, and are medians.
`

// Replace returns doc with the section of that name replaced, or with it
// appended. Sections stand between two comments that readers do not see.
func Replace(doc, name, body string) (string, error) {
	begin, end := fmt.Sprintf("<!-- bench:%s -->\n", name), fmt.Sprintf("<!-- /bench:%s -->\n", name)
	section := begin + strings.TrimRight(body, "\n") + "\n" + end
	head, rest, found := strings.Cut(doc, begin)
	if !found {
		if doc != "" && !strings.HasSuffix(doc, "\n\n") {
			doc += "\n"
		}
		return doc + section, nil
	}
	_, tail, found := strings.Cut(rest, end)
	if !found {
		return "", fmt.Errorf("section %s does not end: want the line %q", name, strings.TrimSpace(end))
	}
	return head + section + tail, nil
}

// Write replaces the section of that name in the document at path, which is
// made if it does not exist.
func Write(path, name, body string) error {
	b, err := os.ReadFile(path)
	doc := string(b)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		doc = title
	case err != nil:
		return fmt.Errorf("write section %s: %w", name, err)
	}
	if doc, err = Replace(doc, name, body); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(doc), 0o644); err != nil {
		return fmt.Errorf("write section %s: %w", name, err)
	}
	return nil
}
