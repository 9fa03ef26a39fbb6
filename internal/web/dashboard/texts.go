package dashboard

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/preview"
)

// text is a line of the page Templates: a field of a template, in its default
// and its privacy form (F041 to F056).
type text struct {
	template, field string
	label           string
}

// name is what a form calls the text.
func (t text) name(private bool) string {
	suffix := chat.TemplateDefault
	if private {
		suffix = chat.TemplatePrivacy
	}
	return "texts." + t.template + suffix + "." + t.field
}

func (t text) of() preview.Field { return preview.Field{Template: t.template, Name: t.field} }

// textGroup is a part of the page.
type textGroup struct {
	id, title, hint string
	texts           []text
}

// textGroups are all texts that mails are made of. Titles and the texts of SMS
// are kept for other clients of the API.
func textGroups() []textGroup {
	return []textGroup{
		{"subjects", "Subjects", "", []text{
			{chat.TemplateSubject, "subjectOneOnOne", "One-on-one"},
			{chat.TemplateSubject, "subjectGroup", "Group"},
		}},
		{"messages", "Messages", "The line that stands for a message.", []text{
			{chat.TemplateText, "body", "Text"},
			{chat.TemplateMedia, "body_image", "Picture"},
			{chat.TemplateMedia, "body_audio", "Audio"},
			{chat.TemplateMedia, "body_video", "Video"},
			{chat.TemplateMedia, "body_file", "File"},
			{chat.TemplateCustom, "body", "Custom message"},
			{chat.TemplateCustom, "body_fallback", "Custom message, without what its text needs"},
			{chat.TemplatePoll, "body", "Poll"},
			{chat.TemplatePoll, "body_fallback", "Poll, without what its text needs"},
			{chat.TemplateReminder, "body", "Reminder"},
			{chat.TemplateReminder, "body_fallback", "Reminder, without what its text needs"},
			{chat.TemplateForm, "body", "Form"},
			{chat.TemplateCard, "body", "Card"},
			{chat.TemplateScheduler, "body", "Scheduler"},
			{chat.TemplateInteractive, "body", "Other interactive message"},
		}},
		{"mentions", "Mentions", "In place of the line above, for whom a message mentions. Of both, the person's own comes first.", []text{
			{chat.TemplateUserMention, "bodyOneOnOne", "Of the reader, one-on-one"},
			{chat.TemplateUserMention, "bodyGroup", "Of the reader, in a group"},
			{chat.TemplateUserMention, "body_fallback", "Of the reader, without what its text needs"},
			{chat.TemplateAllMention, "bodyGroup", "Of everybody"},
			{chat.TemplateAllMention, "body_fallback", "Of everybody, without what its text needs"},
		}},
	}
}

// texts are those of the whole page.
func allTexts() []text {
	var all []text
	for _, g := range textGroups() {
		all = append(all, g.texts...)
	}
	return all
}

// textValues are texts by their names in a form.
type textValues map[string]string

func textsOf(t *chat.Templates) textValues {
	values := make(textValues)
	for _, one := range allTexts() {
		for _, private := range []bool{false, true} {
			values[one.name(private)] = t.Text(one.template, private, one.field)
		}
	}
	return values
}

// read returns the texts of a form over those that are; names that the form
// does not have stay as they are.
func (v textValues) read(form map[string][]string) textValues {
	next := make(textValues, len(v))
	for name, value := range v {
		if given, ok := form[name]; ok && len(given) > 0 {
			value = given[0]
		}
		next[name] = value
	}
	return next
}

// over returns settings with these texts, as a PATCH of the API leaves them.
func (v textValues) over(settings *chat.Settings) (*chat.Settings, error) {
	patch, _ := v.patch(textsOf(&settings.Templates))
	body, err := json.Marshal(patch)
	if err != nil {
		return nil, fmt.Errorf("write what was typed: %w", err)
	}
	return chat.PatchSettings(settings, body)
}

// patch is the body of a PATCH of the settings that makes the texts these, and
// what it changes.
func (v textValues) patch(before textValues) (body map[string]any, changed []string) {
	templates := make(map[string]any)
	for _, one := range allTexts() {
		for _, private := range []bool{false, true} {
			name := one.name(private)
			if v[name] == before[name] {
				continue
			}
			names := strings.Split(name, ".")
			fields, ok := templates[names[1]].(map[string]any)
			if !ok {
				fields = make(map[string]any)
				templates[names[1]] = fields
			}
			fields[names[2]] = v[name]
			changed = append(changed, strings.TrimPrefix(name, "texts.")+": "+quoted(before[name])+" → "+quoted(v[name]))
		}
	}
	return map[string]any{"templates": templates}, changed
}

func quoted(s string) string { return "“" + s + "”" }
