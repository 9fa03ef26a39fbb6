package preview_test

import (
	"context"
	"errors"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/preview"
	"github.com/postrider/postrider/internal/provider/render"
)

func previewer(facts func(context.Context, string, string) (*digest.Facts, bool, error)) *preview.Previewer {
	return preview.New(preview.Config{
		AppID: "app", Region: "eu", Facts: facts, Pictures: "https://chat.example.com/",
		Renderer: render.New(render.Config{From: mail.Address{Name: "Acme Chat", Address: "chat@example.com"}}),
		Clock:    func() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) },
	})
}

func textsOf(t *testing.T, template, field, text string) *chat.Settings {
	t.Helper()
	settings := chat.DefaultSettings()
	settings.Templates.Texts[template][field] = text
	return settings
}

// Each sample becomes the mail of its kind.
func TestSamples(t *testing.T) {
	t.Parallel()
	p := previewer(nil)
	want := map[string][2]string{ // the subject, and the last message
		"one-on-one":         {"New messages from Susan Marie", "We meet at 9:30 at the station, all of it is on https://hikes.example.com/lake"},
		"group":              {"New messages in Hiking Group", "Great! Who brings the maps?"},
		"mention":            {"New messages in Hiking Group", "Susan Marie mentioned you in Hiking Group: @Andrew Joseph could you bring the maps?"},
		"everybody":          {"New messages in Hiking Group", "John Paul mentioned everyone in Hiking Group: @everybody we leave half an hour earlier."},
		"mention-one-on-one": {"New messages from Susan Marie", "Susan Marie mentioned you: @Andrew Joseph look at this"},
		"media":              {"New messages from Susan Marie", "📄 Has sent a file"},
		"poll":               {"New messages in Hiking Group", "Renew the cards for the trains"},
		"custom":             {"New messages from Susan Marie", "Shared a place"},
		"interactive":        {"New messages from Susan Marie", "New message"},
		"long":               {"New messages in Hiking Group", "Stage 40 is a little longer than the one before it, and the view from up there is worth all of it."},
		"right-to-left":      {"New messages from Susan Marie", "🏔️🎉 נפגשים בתחנה ב-9:30"},
	}
	for _, s := range preview.Samples() {
		m, err := p.Mail(t.Context(), &preview.Request{Sample: s.ID, Settings: chat.DefaultSettings()})
		if err != nil {
			t.Fatalf("%s: %v", s.ID, err)
		}
		if got := [2]string{m.Subject, m.Lines[len(m.Lines)-1]}; got != want[s.ID] {
			t.Errorf("%s: %q, want %q", s.ID, got, want[s.ID])
		}
		if !strings.Contains(m.HTML, "<body") || m.Text == "" || m.From != `"Acme Chat" <chat@example.com>` || m.To != "Andrew Joseph" {
			t.Errorf("%s: %.300v", s.ID, m)
		}
	}
	if len(preview.Samples()) != len(want) {
		t.Errorf("there are %d samples", len(preview.Samples()))
	}
	if _, err := p.Mail(t.Context(), &preview.Request{Sample: "none", Settings: chat.DefaultSettings()}); !errors.Is(err, preview.ErrNotFound) {
		t.Errorf("a sample that is not there: %v", err)
	}
}

// What is being typed is what the mail says: texts, privacy, brand, scheme.
func TestWhatIsTyped(t *testing.T) {
	t.Parallel()
	p := previewer(nil)
	settings := textsOf(t, "emailSubjectTemplateDefault", "subjectOneOnOne", "{{senderDetails.name}} wrote {{messages.length}}")
	settings.Templates.Texts["textMessageTemplatePrivacy"]["body"] = "Something was written"
	show := func(r preview.Request) *preview.Mail {
		r.Sample, r.Settings = "one-on-one", settings
		m, err := p.Mail(t.Context(), &r)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := show(preview.Request{Brand: render.Brand{Name: "Summit", Color: "#123456", Footer: "1 Lake Road"}}); m.Subject != "Susan Marie wrote 2" ||
		!strings.Contains(m.HTML, "Summit") || !strings.Contains(m.HTML, "#123456") || !strings.Contains(m.Text, "1 Lake Road") {
		t.Errorf("got %s\n%s", m.Subject, m.Text)
	}
	if m := show(preview.Request{Private: true}); !slices.Equal(m.Lines, []string{"Something was written", "Something was written"}) || strings.Contains(m.HTML, "station") {
		t.Errorf("private: %q", m.Lines)
	}
	light, dark := show(preview.Request{}).HTML, show(preview.Request{Dark: true}).HTML
	if strings.Contains(light+dark, "prefers-color-scheme") || strings.Count(light, "@media not all") == 0 || strings.Count(dark, "@media all") != strings.Count(light, "@media not all") {
		t.Error("a mail looks as the viewer's browser prefers")
	}
}

// A call of the engine is shown with its own messages.
func TestRealConversation(t *testing.T) {
	t.Parallel()
	p := previewer(func(_ context.Context, _, id string) (*digest.Facts, bool, error) {
		switch id {
		case "gone":
			return nil, false, nil
		case "broken":
			return nil, false, errors.New("disk on fire")
		}
		return &digest.Facts{
			Recipient: chat.User{UID: "vic", Name: "Vic"}, Conversation: chat.OneOnOne("vic", "otto"),
			Messages: []chat.Message{{ID: "1", Sender: "otto", Category: chat.CategoryMessage, Type: "text", Body: []byte(`{"data":{"text":"real"}}`)}},
		}, true, nil
	})
	show := func(id string) (*preview.Mail, error) {
		return p.Mail(t.Context(), &preview.Request{Call: id, Settings: textsOf(t, "textMessageTemplateDefault", "body", "so: {{message.data.text}}")})
	}
	if m, err := show("call"); err != nil || m.To != "Vic" || m.Lines[0] != "so: real" {
		t.Errorf("got %+v, %v", m, err)
	}
	if _, err := show("gone"); !errors.Is(err, preview.ErrNotFound) {
		t.Errorf("what is gone: %v", err)
	}
	if _, err := show("broken"); err == nil || errors.Is(err, preview.ErrNotFound) {
		t.Errorf("what cannot be read: %v", err)
	}
}

// fields are all texts that mails are made of.
func fields() []preview.Field {
	var all []preview.Field
	defaults := chat.DefaultTemplates()
	for name, texts := range defaults.Texts {
		template, isDefault := strings.CutSuffix(name, chat.TemplateDefault)
		for field := range texts {
			if isDefault && !strings.HasPrefix(field, "title") && !strings.HasPrefix(name, "sms") {
				all = append(all, preview.Field{Template: template, Name: field})
			}
		}
	}
	return all
}

// Every placeholder that is offered has a value, and no built-in text is taken
// for a mistake.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	p := previewer(nil)
	defaults := chat.DefaultTemplates()
	for _, f := range fields() {
		all, err := p.Placeholders(f)
		if err != nil || len(all) == 0 && !strings.HasSuffix(f.Name, "_fallback") {
			t.Errorf("%v: %d placeholders, %v", f, len(all), err)
		}
		for _, one := range all {
			if problem, err := p.Check(f, "a {{"+one.Path+"}} b"); err != nil || problem != "" {
				t.Errorf("%v, %s: %s %v", f, one.Path, problem, err)
			}
		}
		for _, private := range []bool{false, true} {
			if problem, err := p.Check(f, defaults.Text(f.Template, private, f.Name)); err != nil || problem != "" {
				t.Errorf("%v: the built-in text: %s %v", f, problem, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	p := previewer(nil)
	subject, inGroup := preview.Field{Template: chat.TemplateSubject, Name: "subjectOneOnOne"}, preview.Field{Template: chat.TemplateSubject, Name: "subjectGroup"}
	body := preview.Field{Template: chat.TemplateText, Name: "body"}
	for _, c := range []struct {
		field preview.Field
		text  string
		want  string // a part of it
	}{
		{subject, "Hello", ""},
		{subject, "{{ senderDetails.name }}", ""},
		{subject, "{{senderDetail.name}}", "Do you mean {{senderDetails.name}}?"},
		{subject, "{{groupDetails.name}}", "There is {{groupDetails.name}} in groups only"},
		{inGroup, "{{groupDetails.name}}", ""},
		{inGroup, "{{senderDetails.name}}", "There is {{senderDetails.name}} one-on-one only"},
		{inGroup, "{{metadata.x}}", "Nothing is called"},
		{body, "{{message.data.metadata.ours}} {{message.data.entities.sender.entity.metadata.team.name}}", ""},
		{body, "{{message.data.txt}}", "Do you mean {{message.data.text}}?"},
		{body, "{{message.data.text", "not closed"},
		{body, "{{#if message}}", "not closed, or hold something else"},
		{body, "}}", "not closed"},
		{body, "{{q}}", "Nothing is called {{q}} here: where"},
	} {
		got, err := p.Check(c.field, c.text)
		if err != nil || got == "" != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%v, %q: %q (%v), want %q", c.field, c.text, got, err, c.want)
		}
	}
}

// Whatever is typed is checked, and makes a mail.
func TestAnythingTyped(t *testing.T) {
	t.Parallel()
	p := previewer(nil)
	all := fields()
	rapid.Check(t, func(r *rapid.T) {
		f := rapid.SampledFrom(all).Draw(r, "field")
		text := strings.Join(rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"{{", "}}", ".", "message", "message.data.text", "{{to.name}}", "<b>", " ",
		}))).Draw(r, "text"), "")
		if _, err := p.Check(f, text); err != nil {
			r.Fatal(err)
		}
		settings := chat.DefaultSettings()
		settings.Templates.Texts[f.Template+chat.TemplateDefault][f.Name] = text
		sample := rapid.SampledFrom(preview.Samples()).Draw(r, "sample").ID
		if _, err := p.Mail(t.Context(), &preview.Request{Sample: sample, Settings: settings}); err != nil {
			r.Fatal(err)
		}
	})
}
