package chat

import (
	"encoding/json"
	"maps"
)

// Templates are the texts of notifications with placeholders (F041 to F056),
// by template and field: Texts["pollMessageTemplateDefault"]["body"].
type Templates struct {
	UsePrivacy int // TemplatesDefault, TemplatesPrivacy or TemplatesChoice
	Texts      map[string]map[string]string
}

// Suffixes of the names of templates.
const (
	TemplateDefault = "Default"
	TemplatePrivacy = "Privacy"
)

// Names of templates, without their suffix.
const (
	TemplateText        = "textMessageTemplate"
	TemplateMedia       = "mediaMessageTemplate"
	TemplateCustom      = "customMessageTemplate"
	TemplatePoll        = "pollMessageTemplate"
	TemplateReminder    = "reminderMessageTemplate"
	TemplateForm        = "interactiveFormTemplate"
	TemplateCard        = "interactiveCardTemplate"
	TemplateScheduler   = "interactiveSchedulerTemplate"
	TemplateInteractive = "interactiveCustomTemplate"
	TemplateUserMention = "userMentionTemplate"
	TemplateAllMention  = "groupMentionTemplate"
	TemplateSubject     = "emailSubjectTemplate"
	templateSMS         = "smsContentTemplate"
)

// DefaultTemplates are the texts of an app that has set none.
func DefaultTemplates() Templates {
	const (
		sender = "{{message.data.entities.sender.entity.name}}"
		group  = "{{message.data.entities.receiver.entity.name}}"
		text   = "{{message.data.text}}"
	)
	texts := make(map[string]map[string]string)
	put := func(name string, normal, private map[string]string) {
		for suffix, fields := range map[string]map[string]string{TemplateDefault: normal, TemplatePrivacy: private} {
			fields = maps.Clone(fields)
			// Titles belong to push notifications; they are kept for other
			// clients.
			if name != TemplateSubject && name != templateSMS {
				fields["titleOneOnOne"], fields["titleGroup"] = sender, sender+" @ "+group
			}
			texts[name+suffix] = fields
		}
	}
	body := func(text string) map[string]string { return map[string]string{"body": text} }
	withFallback := func(text, fallback string) map[string]string {
		return map[string]string{"body": text, "body_fallback": fallback}
	}
	put(TemplateText, body(text), body("New message"))
	put(TemplateMedia,
		map[string]string{
			"body_image": "📷 Has sent an image", "body_audio": "🔈 Has sent an audio",
			"body_video": "🎥 Has sent a video", "body_file": "📄 Has sent a file",
		}, map[string]string{
			"body_image": "New image message", "body_audio": "New audio message",
			"body_video": "New video message", "body_file": "New file message",
		})
	put(TemplateCustom, withFallback(text, "New message"), withFallback(text, "New message"))
	put(TemplatePoll, withFallback("Poll: "+text, "New message"), withFallback("New message", "New message"))
	put(TemplateReminder, withFallback(text, "New message"), withFallback("New message", "New message"))
	put(TemplateForm, body("{{message.data.interactiveData.title}}"), body("New message"))
	put(TemplateCard, body("{{message.data.interactiveData.text}}"), body("New message"))
	put(TemplateScheduler, body("New invite"), body("New invite"))
	put(TemplateInteractive, body("New message"), body("New message"))
	mention := func(one, inGroup string) map[string]string {
		return map[string]string{"bodyOneOnOne": one, "bodyGroup": inGroup, "body_fallback": "New mention"}
	}
	put(TemplateUserMention, mention(sender+" mentioned you: "+text, sender+" mentioned you in "+group+": "+text),
		mention("New mention", "New mention"))
	put(TemplateAllMention, mention(sender+" mentioned everyone: "+text, sender+" mentioned everyone in "+group+": "+text),
		mention("New mention", "New mention"))
	subject := map[string]string{
		"subjectOneOnOne": "New messages from {{senderDetails.name}}", "subjectGroup": "New messages in {{groupDetails.name}}",
	}
	put(TemplateSubject, subject, subject)
	sms := map[string]string{
		"bodyOneOnOne": "You've received {{messages.length}} message(s) from {{senderDetails.name}}! Read them at https://your-website.com.",
		"bodyGroup":    "You've received {{messages.length}} message(s) in {{groupDetails.name}}! Read them at https://your-website.com.",
	}
	put(templateSMS, sms, sms)
	return Templates{UsePrivacy: TemplatesChoice, Texts: texts}
}

// Text returns a field of a template in its default or its privacy form.
func (t *Templates) Text(name string, private bool, field string) string {
	suffix := TemplateDefault
	if private {
		suffix = TemplatePrivacy
	}
	return t.Texts[name+suffix][field]
}

// MarshalJSON implements [json.Marshaler].
func (t Templates) MarshalJSON() ([]byte, error) {
	fields := make(map[string]any, 1+len(t.Texts))
	for name, text := range t.Texts {
		fields[name] = text
	}
	fields["usePrivacyTemplate"] = t.UsePrivacy
	return json.Marshal(fields)
}

// UnmarshalJSON implements [json.Unmarshaler]: it changes what is named, of
// the templates that are there.
func (t *Templates) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	changed := Templates{t.UsePrivacy, make(map[string]map[string]string, len(t.Texts))}
	for name, texts := range t.Texts {
		texts = maps.Clone(texts)
		changed.Texts[name] = texts
		raw, ok := fields[name]
		if !ok {
			continue
		}
		var given map[string]*string
		if err := json.Unmarshal(raw, &given); err != nil {
			return &FieldError{name, err}
		}
		for field, text := range given {
			if text != nil {
				texts[field] = *text
			}
		}
	}
	if raw, ok := fields["usePrivacyTemplate"]; ok {
		if err := json.Unmarshal(raw, &changed.UsePrivacy); err != nil {
			return &FieldError{"usePrivacyTemplate", err}
		}
	}
	*t = changed
	return nil
}
