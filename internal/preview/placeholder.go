package preview

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/notification"
)

// Placeholder is something that a text can have filled in.
type Placeholder struct {
	Path    string // without its braces
	Example string
}

// Field is a text of an app: a template's name without its suffix, and one of
// its fields.
type Field struct{ Template, Name string }

// subject reports whether it is looked up in the payload, not in a message.
func (f Field) subject() bool { return f.Template == chat.TemplateSubject }

// fits reports whether the text can be used for a message of a sample.
func (f Field) fits(s *Sample, m *said) bool {
	if f.subject() || strings.HasPrefix(f.Name, "body") && f.Name != "body" && f.Name != "body_fallback" {
		if inGroup := strings.HasSuffix(f.Name, "Group"); (inGroup || strings.HasSuffix(f.Name, "OneOnOne")) && inGroup != s.group {
			return false
		}
	}
	switch f.Template {
	case chat.TemplateSubject, chat.TemplateUserMention, chat.TemplateAllMention:
		return m.category == "message" && m.kind == "text" || f.subject()
	case chat.TemplateMedia:
		return f.Name == "body_"+m.kind
	case chat.TemplateText:
		return m.category == "message" && m.kind == "text"
	}
	return kinds()[f.Template] == m.category+"/"+m.kind
}

// kinds are the messages that have texts of their own.
func kinds() map[string]string {
	return map[string]string{
		chat.TemplateCustom: "custom/location", chat.TemplatePoll: "custom/extension_poll", chat.TemplateReminder: "custom/extension_reminders",
		chat.TemplateForm: "interactive/form", chat.TemplateCard: "interactive/card", chat.TemplateScheduler: "interactive/scheduler",
		chat.TemplateInteractive: "interactive/customInteractive",
	}
}

// Placeholders returns what a text can have filled in, by what the samples of
// its kind have: a message may have more.
func (p *Previewer) Placeholders(f Field) ([]Placeholder, error) {
	found := make(map[string]string)
	err := p.each(f, func(facts *digest.Facts, i int, n *notification.Notification) error {
		if f.subject() {
			for _, path := range subjectPaths() {
				if value, ok := digest.FindInSubject(n, facts.Recipient.Avatar, path); ok && found[path] == "" {
					found[path] = value
				}
			}
			return nil
		}
		var tree any
		if err := json.Unmarshal(facts.Messages[i].Body, &tree); err != nil {
			return fmt.Errorf("read message of a sample: %w", err)
		}
		for _, path := range leaves("message", tree) {
			if value, ok := facts.Find(i, path); ok && found[path] == "" {
				found[path] = value // of the first sample: it is the plainest
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := make([]Placeholder, 0, len(found))
	for path, example := range found {
		all = append(all, Placeholder{path, example})
	}
	slices.SortFunc(all, func(a, b Placeholder) int {
		return cmp.Or(rank(a.Path)-rank(b.Path), strings.Compare(a.Path, b.Path))
	})
	return all, nil
}

// rank puts what is used most first.
func rank(path string) int {
	if i := slices.Index([]string{
		"senderDetails.name", "groupDetails.name", "to.name", "messages.length",
		"message.data.text", "message.data.entities.sender.entity.name", "message.data.entities.receiver.entity.name",
	}, path); i >= 0 {
		return i
	}
	return math.MaxInt16
}

func subjectPaths() []string {
	paths := []string{"to.uid", "to.name", "to.avatar", "messages.length", "messages.0.message"}
	for _, name := range []string{"uid", "name", "avatar"} {
		paths = append(paths, "senderDetails."+name, "messages.0.sender."+name)
	}
	for _, name := range []string{"guid", "name", "icon"} {
		paths = append(paths, "groupDetails."+name)
	}
	return paths
}

// leaves are the paths of what has a plain form.
func leaves(path string, value any) (paths []string) {
	switch value := value.(type) {
	case map[string]any:
		for name, below := range value {
			paths = append(paths, leaves(path+"."+name, below)...)
		}
	case []any:
		paths = append(paths, path+".length")
		for i, below := range value {
			paths = append(paths, leaves(path+"."+strconv.Itoa(i), below)...)
		}
	default:
		paths = append(paths, path)
	}
	return paths
}

// made is a sample with the digest that it becomes.
type made struct {
	Sample
	facts  *digest.Facts
	digest *notification.Notification
}

func makeAll(cfg *Config) ([]made, error) {
	var all []made
	for _, s := range Samples() {
		facts, err := s.facts(cfg.Pictures, cfg.Clock())
		if err != nil {
			return nil, err
		}
		facts.Settings = chat.DefaultSettings()
		n, err := digest.Build(facts)
		if err != nil {
			return nil, fmt.Errorf("make digest of sample %s: %w", s.ID, err)
		}
		all = append(all, made{s, facts, n})
	}
	return all, nil
}

// each calls do with every message of the samples for which a text can be
// used, and the digest that it is in.
func (p *Previewer) each(f Field, do func(facts *digest.Facts, i int, n *notification.Notification) error) error {
	all, err := p.samples()
	if err != nil {
		return err
	}
	for _, s := range all {
		for i := range s.messages {
			if !f.fits(&s.Sample, &s.messages[i]) {
				continue
			}
			if err := do(s.facts, i, s.digest); err != nil {
				return err
			}
		}
	}
	return nil
}

// farthest is how many letters a name may differ in from one that is known to
// be taken for it.
const farthest = 8

// Check tells what about a text is likely to be a mistake; empty if nothing is. No
// text is refused for it: a message may have what no sample has, and where it
// has not, the fallback is sent.
func (p *Previewer) Check(f Field, text string) (string, error) {
	paths, braces := digest.Compile(text).Placeholders()
	if braces {
		return "The braces around a placeholder are not closed, or hold something else: they are sent as they stand.", nil
	}
	for _, path := range paths {
		known, err := p.knows(f, path)
		if err != nil {
			return "", err
		}
		if known || !f.subject() && isFree(path) {
			continue
		}
		return p.explain(f, path)
	}
	return "", nil
}

// knows reports whether a placeholder stands for something in a sample.
func (p *Previewer) knows(f Field, path string) (known bool, err error) {
	err = p.each(f, func(facts *digest.Facts, i int, n *notification.Notification) error {
		var ok bool
		if f.subject() {
			_, ok = digest.FindInSubject(n, facts.Recipient.Avatar, path)
		} else {
			_, ok = facts.Find(i, path)
		}
		known = known || ok
		return nil
	})
	return known, err
}

// isFree reports whether a path leads into a part of a message that every chat
// fills as it likes.
func isFree(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "."), func(name string) bool {
		return slices.Contains([]string{"metadata", "customData", "interactiveData"}, name)
	})
}

// explain says what may be wrong with a placeholder that stands for nothing.
func (p *Previewer) explain(f Field, path string) (string, error) {
	other := map[string]string{"subjectOneOnOne": "subjectGroup", "subjectGroup": "subjectOneOnOne"}[f.Name]
	if other != "" {
		elsewhere, err := p.knows(Field{f.Template, other}, path)
		if err != nil {
			return "", err
		}
		if where := map[string]string{"subjectOneOnOne": "one-on-one", "subjectGroup": "in groups"}[other]; elsewhere {
			return fmt.Sprintf("There is {{%s}} %s only: here the built-in text is sent.", path, where), nil
		}
	}
	near, err := p.nearest(f, path)
	if err != nil {
		return "", err
	}
	if near != "" {
		return fmt.Sprintf("Nothing is called {{%s}} here. Do you mean {{%s}}?", path, near), nil
	}
	return fmt.Sprintf("Nothing is called {{%s}} here: where a message has no such thing either, the built-in text is sent.", path), nil
}

func (p *Previewer) nearest(f Field, path string) (string, error) {
	all, err := p.Placeholders(f)
	if err != nil {
		return "", err
	}
	best, distance := "", farthest+1
	for _, one := range all {
		if d := levenshtein.ComputeDistance(path, one.Path); d < distance {
			best, distance = one.Path, d
		}
	}
	// Of a short name, so many letters would be most of it.
	if distance*2 > len(path) {
		return "", nil
	}
	return best, nil
}
