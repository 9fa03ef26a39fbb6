package render

import "strings"

// textPart returns the plain part. Each text stands unbroken on its line; mail
// clients wrap it as they like.
func textPart(v *view) string {
	var b strings.Builder
	b.WriteString("Hello " + isolate(v.Name) + ",\n\n" + v.Summary + "\n")
	for i := range v.Messages {
		writeMessage(&b, &v.Messages[i])
	}
	if v.Hidden > 0 {
		b.WriteString("\n… " + v.more() + "\n")
	}
	if v.Open != "" {
		b.WriteString("\nOpen conversation:\n" + v.Open + "\n")
	}
	// What follows this line is set apart by mail clients (RFC 3676, section 4.3).
	b.WriteString("\n" + signature + "\n" + v.Why + "\n")
	if v.Settings != "" {
		b.WriteString("Email settings: " + v.Settings + "\n")
	}
	b.WriteString("\n" + v.Look.Name + "\n")
	if v.Look.Footer != "" {
		b.WriteString(unsigned(v.Look.Footer) + "\n")
	}
	return b.String()
}

const signature = "-- "

func writeMessage(b *strings.Builder, m *message) {
	b.WriteByte('\n')
	if m.Opens {
		b.WriteString(m.Sender)
		if m.Time != "" {
			b.WriteString(" (" + m.Time + ")")
		}
		b.WriteString(":\n")
	}
	if m.Mentioned {
		b.WriteString("[mentioned you]\n")
	}
	if q := m.Answers; q != nil {
		b.WriteString("> ")
		if q.Sender != "" {
			b.WriteString(isolate(q.Sender) + ": ")
		}
		b.WriteString(strings.ReplaceAll(q.Text, "\n", "\n> ") + "\n")
	}
	b.WriteString(unsigned(m.Text) + "\n")
	if note := m.note(); note != "" {
		b.WriteString("[" + note + "]\n")
	}
	for _, option := range m.Options {
		b.WriteString("( ) " + option + "\n")
	}
	for _, file := range m.Files {
		b.WriteString("📎 " + file + "\n")
	}
}

// unsigned keeps a line of a text from looking like the one that sets the
// footer apart: clients hide what follows it.
func unsigned(text string) string {
	if !strings.Contains(text, signature) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		if lines[i] == signature {
			lines[i] = "--"
		}
	}
	return strings.Join(lines, "\n")
}
