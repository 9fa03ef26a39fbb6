package render

import "strings"

// textPart returns the plain part. Each text stands unbroken on its line; mail
// clients wrap it as they like.
func textPart(v *view) string {
	var b strings.Builder
	b.WriteString("Hello " + v.Name + ",\n\n" + v.Summary + "\n")
	for i := range v.Messages {
		m := &v.Messages[i]
		b.WriteString("\n" + m.Sender + ":\n" + m.Text + "\n")
	}
	// What follows this line is set apart by mail clients (RFC 3676, section 4.3).
	b.WriteString("\n-- \n" + v.Why + "\n")
	return b.String()
}
