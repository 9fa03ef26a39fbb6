package digest

import (
	"strings"

	"github.com/postrider/postrider/notification"
)

// Placeholders returns the paths of a template's placeholders, such as
// "message.data.text", in their order. braces: some are left in what is taken
// as it stands, because they are not closed or hold no path.
func (t *Template) Placeholders() (paths []string, braces bool) {
	for _, p := range t.parts {
		if p.path != nil {
			paths = append(paths, strings.Join(p.path, "."))
			continue
		}
		braces = braces || strings.Contains(p.literal, "{{") || strings.Contains(p.literal, "}}")
	}
	return paths, braces
}

// Find returns what a placeholder of a body stands for in the i-th message.
// False: there is no such thing, or it has no plain form.
func (f *Facts) Find(i int, path string) (string, bool) {
	l := f.line(&f.Messages[i])
	return find(&l, path)
}

// FindInSubject returns what a placeholder of a subject stands for, as Find
// does. n is the digest, and avatar the recipient's picture.
func FindInSubject(n *notification.Notification, avatar, path string) (string, bool) {
	return find(&subject{&n.Data, avatar}, path)
}

func find(from source, path string) (string, bool) {
	parsed, ok := parsePath(path)
	if !ok {
		return "", false
	}
	return from.lookup(parsed)
}
