package digest

import (
	"strings"
	"unicode"
)

// Template is a text with placeholders such as {{message.data.text}} (F045),
// compiled. It does not change and can be used by many at once.
type Template struct {
	parts []part
	size  int // of the literal text, in bytes
}

// part is literal text, or the path of a placeholder.
type part struct {
	literal string
	path    []string
}

// source is what placeholders are looked up in. False: there is no such
// thing, or it has no plain form.
type source interface {
	lookup(path []string) (string, bool)
}

// Compile reads a template. Placeholders are dotted paths in double braces,
// with blanks around them or not. Whatever else is in braces is literal text:
// no template is invalid.
func Compile(text string) *Template {
	t := &Template{}
	literal := 0
	for at := 0; ; {
		open := strings.Index(text[at:], "{{")
		if open < 0 {
			break
		}
		open += at
		length := strings.Index(text[open:], "}}")
		if length < 0 {
			break
		}
		path, ok := parsePath(text[open+len("{{") : open+length])
		if !ok {
			at = open + 1
			continue
		}
		t.addLiteral(text[literal:open])
		t.parts = append(t.parts, part{path: path})
		at = open + length + len("}}")
		literal = at
	}
	t.addLiteral(text[literal:])
	return t
}

func (t *Template) addLiteral(text string) {
	if text != "" {
		t.parts = append(t.parts, part{literal: text})
		t.size += len(text)
	}
}

// parsePath reads a dotted path. Names in it hold no blanks and no braces.
func parsePath(text string) ([]string, bool) {
	path := strings.Split(strings.TrimSpace(text), ".")
	for _, name := range path {
		if name == "" || strings.ContainsFunc(name, isSyntax) {
			return nil, false
		}
	}
	return path, true
}

// isSyntax tells what no name holds: it may mean something to other engines.
func isSyntax(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`{}()[]<>#/^!&|"'=*`, r)
}

// render fills the placeholders in. What is filled in is never read as a
// template. False: a placeholder has no value.
func (t *Template) render(from source) (string, bool) {
	if len(t.parts) == 1 && t.parts[0].path == nil {
		return t.parts[0].literal, true
	}
	var text strings.Builder
	text.Grow(t.size)
	for i := range t.parts {
		p := &t.parts[i]
		if p.path == nil {
			text.WriteString(p.literal)
			continue
		}
		value, ok := from.lookup(p.path)
		if !ok {
			return "", false
		}
		text.WriteString(value)
	}
	return text.String(), true
}
