package chat_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/chat"
)

func TestDefaultTemplates(t *testing.T) {
	t.Parallel()
	templates := chat.DefaultTemplates()
	const sender, group = "{{message.data.entities.sender.entity.name}}", "{{message.data.entities.receiver.entity.name}}"
	for _, c := range []struct{ name, field, normal, private string }{
		{chat.TemplateText, "body", "{{message.data.text}}", "New message"},
		{chat.TemplateMedia, "body_image", "📷 Has sent an image", "New image message"},
		{chat.TemplateMedia, "body_audio", "🔈 Has sent an audio", "New audio message"},
		{chat.TemplateMedia, "body_video", "🎥 Has sent a video", "New video message"},
		{chat.TemplateMedia, "body_file", "📄 Has sent a file", "New file message"},
		{chat.TemplateCustom, "body", "{{message.data.text}}", "{{message.data.text}}"},
		{chat.TemplateCustom, "body_fallback", "New message", "New message"},
		{chat.TemplatePoll, "body", "Poll: {{message.data.text}}", "New message"},
		{chat.TemplatePoll, "body_fallback", "New message", "New message"},
		{chat.TemplateReminder, "body", "{{message.data.text}}", "New message"},
		{chat.TemplateReminder, "body_fallback", "New message", "New message"},
		{chat.TemplateForm, "body", "{{message.data.interactiveData.title}}", "New message"},
		{chat.TemplateCard, "body", "{{message.data.interactiveData.text}}", "New message"},
		{chat.TemplateScheduler, "body", "New invite", "New invite"},
		{chat.TemplateInteractive, "body", "New message", "New message"},
		{chat.TemplateUserMention, "bodyOneOnOne", sender + " mentioned you: {{message.data.text}}", "New mention"},
		{chat.TemplateUserMention, "bodyGroup", sender + " mentioned you in " + group + ": {{message.data.text}}", "New mention"},
		{chat.TemplateUserMention, "body_fallback", "New mention", "New mention"},
		{chat.TemplateAllMention, "bodyGroup", sender + " mentioned everyone in " + group + ": {{message.data.text}}", "New mention"},
		{chat.TemplateAllMention, "body_fallback", "New mention", "New mention"},
		{chat.TemplateSubject, "subjectOneOnOne", "New messages from {{senderDetails.name}}", "New messages from {{senderDetails.name}}"},
		{chat.TemplateSubject, "subjectGroup", "New messages in {{groupDetails.name}}", "New messages in {{groupDetails.name}}"},
		{chat.TemplateText, "titleGroup", sender + " @ " + group, sender + " @ " + group},
		{chat.TemplateSubject, "titleGroup", "", ""},
	} {
		if got := templates.Text(c.name, false, c.field); got != c.normal {
			t.Errorf("%s %s: %q", c.name, c.field, got)
		}
		if got := templates.Text(c.name, true, c.field); got != c.private {
			t.Errorf("%s %s, in private: %q", c.name, c.field, got)
		}
	}
	if templates.UsePrivacy != chat.TemplatesChoice {
		t.Error(templates.UsePrivacy)
	}
}

func TestTemplatesOfOneAppAreNotAnothers(t *testing.T) {
	t.Parallel()
	first := chat.DefaultTemplates()
	first.Texts["emailSubjectTemplateDefault"]["subjectGroup"] = "changed"
	for _, templates := range []chat.Templates{first, chat.DefaultTemplates()} {
		if got := templates.Text(chat.TemplateSubject, true, "subjectGroup"); got == "changed" {
			t.Error("one template's text is in another")
		}
	}
	copied := first
	if err := json.Unmarshal([]byte(`{"textMessageTemplateDefault":{"body":"new"}}`), &copied); err != nil {
		t.Fatal(err)
	}
	if first.Text(chat.TemplateText, false, "body") == "new" {
		t.Error("reading into a copy changed what it was copied from")
	}
}

func TestTemplatesFromPartialJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		edit func(*chat.Templates)
	}{
		"nothing":     {`{}`, func(*chat.Templates) {}},
		"null":        {`{"usePrivacyTemplate":null,"textMessageTemplateDefault":null,"pollMessageTemplateDefault":{"body":null}}`, func(*chat.Templates) {}},
		"one text":    {`{"pollMessageTemplateDefault":{"body":"A poll"}}`, func(t *chat.Templates) { t.Texts["pollMessageTemplateDefault"]["body"] = "A poll" }},
		"empty text":  {`{"textMessageTemplatePrivacy":{"body":""}}`, func(t *chat.Templates) { t.Texts["textMessageTemplatePrivacy"]["body"] = "" }},
		"another one": {`{"partyTemplate":{"body":"x"}}`, func(*chat.Templates) {}},
		"mode":        {`{"usePrivacyTemplate":1}`, func(t *chat.Templates) { t.UsePrivacy = 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := chat.DefaultTemplates(), chat.DefaultTemplates()
			c.edit(&want)
			if err := json.Unmarshal([]byte(c.body), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
