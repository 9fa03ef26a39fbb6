package digest

import "github.com/postrider/postrider/internal/chat"

// Templates are the texts of an app, compiled, with the built-in ones behind
// them. They do not change: make them once for each change of the settings.
type Templates struct {
	own     map[templateKey]*Template
	builtIn map[templateKey]*Template
	// anything are texts that any message may have, tried in this order where
	// its own kind says nothing.
	anything []*Template
}

type templateKey struct {
	name    string
	private bool
	field   string
}

// fieldFallback is the body that stands in where a placeholder of the body has
// no value (F046).
const fieldFallback = "body_fallback"

// CompileTemplates compiles the texts of an app.
func CompileTemplates(texts *chat.Templates) *Templates {
	builtIn := chat.DefaultTemplates()
	return &Templates{
		own: compileAll(texts), builtIn: compileAll(&builtIn),
		anything: []*Template{Compile("{{message.data.interactiveData.title}}"), Compile("{{message.data.text}}")},
	}
}

func compileAll(texts *chat.Templates) map[templateKey]*Template {
	compiled := make(map[templateKey]*Template)
	for _, name := range []string{
		chat.TemplateText, chat.TemplateMedia, chat.TemplateCustom, chat.TemplatePoll, chat.TemplateReminder,
		chat.TemplateForm, chat.TemplateCard, chat.TemplateScheduler, chat.TemplateInteractive,
		chat.TemplateUserMention, chat.TemplateAllMention, chat.TemplateSubject,
	} {
		for suffix, private := range map[string]bool{chat.TemplateDefault: false, chat.TemplatePrivacy: true} {
			for field, text := range texts.Texts[name+suffix] {
				// An empty text is one that was not set.
				if text != "" {
					compiled[templateKey{name, private, field}] = Compile(text)
				}
			}
		}
	}
	return compiled
}

// body returns the text of a field: the app's, else its fallback, else the
// built-in text of that kind, else whatever text the message has, else a text
// that tells nothing. In privacy mode the app's own texts alone may tell
// something.
func (t *Templates) body(name, field string, private bool, from source) string {
	for _, field := range [...]string{field, fieldFallback} {
		if text, ok := said(t.own[templateKey{name, private, field}], from); ok {
			return text
		}
	}
	if private {
		return t.silent(name, field)
	}
	if text, ok := said(t.builtIn[templateKey{name, false, field}], from); ok {
		return text
	}
	for _, template := range t.anything {
		if text, ok := said(template, from); ok {
			return text
		}
	}
	return t.silent(name, field)
}

// silent returns a text that tells nothing but what sort of message it is.
func (t *Templates) silent(name, field string) string {
	for _, key := range [...]templateKey{{name, true, field}, {name, true, fieldFallback}} {
		if text, ok := said(t.builtIn[key], nothing{}); ok {
			return text
		}
	}
	return newMessage
}

const newMessage = "New message"

// subject returns the subject: the app's, else the built-in one, else none
// (S34).
func (t *Templates) subject(field string, private bool, from source) string {
	key := templateKey{chat.TemplateSubject, private, field}
	for _, candidate := range [...]*Template{t.own[key], t.builtIn[key]} {
		if text, ok := said(candidate, from); ok {
			return oneLine(text)
		}
	}
	return ""
}

// said renders a template. Blank is as good as no text: nobody could read it.
func said(t *Template, from source) (string, bool) {
	if t == nil {
		return "", false
	}
	text, ok := t.render(from)
	return text, ok && !isBlank(text)
}

// nothing has no values.
type nothing struct{}

func (nothing) lookup([]string) (string, bool) { return "", false }
