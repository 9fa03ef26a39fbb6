package digest

import (
	"strings"
	"testing"
)

// words are a source of texts by their paths.
type words map[string]string

func (w words) lookup(path []string) (string, bool) {
	text, ok := w[strings.Join(path, ".")]
	return text, ok
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	from := words{"a": "A", "a.b": "B", "message.data.@injected.x-y_z": "X", "brace": "{{a}}", "é": "É", "empty": ""}
	for text, want := range map[string]string{
		"":                                    "",
		"plain":                               "plain",
		"{{a}}":                               "A",
		"{{ a.b }}":                           "B",
		"{{\ta\n}}":                           "A",
		"<{{a}}{{a.b}}>":                      "<AB>",
		"{{message.data.@injected.x-y_z}}":    "X",
		"{{é}}":                               "É",
		"{{empty}}":                           "",
		"{{brace}}":                           "{{a}}",
		"{{{a}}}":                             "{A}",
		"{{#if a}}{{a}}{{/if}}":               "{{#if a}}A{{/if}}",
		"{{a b}} {{}} {{ }} {{.}} {{a.}} {a}": "{{a b}} {{}} {{ }} {{.}} {{a.}} {a}",
		"{{a":                                 "{{a",
		"a}} {{a}}":                           "a}} A",
		"{{ {{a}}":                            "{{ A",
		"{{a}":                                "{{a}",
	} {
		if got, ok := Compile(text).render(from); !ok || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{"{{b}}", "{{a}} {{a.c}}", "{{A}}"} {
		if got, ok := Compile(text).render(from); ok || got != "" {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// FuzzCompile: a template of no placeholders is itself, and one whose
// placeholders stand for nothing loses only those.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{"{{a.b}}", "{{{a}}}", "{{a", "}}{{", "{{ {{a}}", "{{é.length}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		template := Compile(text)
		size := 0
		for _, part := range template.parts {
			size += len(part.literal)
			if part.path == nil && part.literal == "" {
				t.Errorf("an empty part of %q", text)
			}
		}
		if size != template.size || size > len(text) {
			t.Errorf("%d bytes of literal text in %q, counted as %d", size, text, template.size)
		}
		literal, ok := template.render(nothing{})
		if !ok && !strings.Contains(text, "}}") {
			t.Errorf("a placeholder in %q", text)
		}
		if ok && literal != text {
			t.Errorf("%q became %q", text, literal)
		}
	})
}
