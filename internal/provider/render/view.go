package render

import (
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/notification"
)

// Bounds of what a mail says, in characters unless they say otherwise. They
// are for payloads that nobody wrote by hand.
const (
	maxName     = 1000
	maxSubject  = 1000
	maxText     = 12_000
	maxQuote    = 200
	maxPreview  = 120
	maxMessages = 50 // messages; the others are counted
	maxBig      = 3  // emoji of a message that has nothing else
	// pause is how long somebody may be silent without being named again.
	pause = 30 * time.Minute
)

// view is what the templates see: every string is one that may be shown.
type view struct {
	Look     look
	Subject  string
	Name     string // of the recipient
	Title    string // the group, or the other person
	Summary  string // how many messages from where
	Why      string // why this mail came
	Preview  string // what mail clients show beside the subject
	Icon     picture
	Open     string // where the button leads, or ""
	Settings string // where the email settings are, or ""
	Messages []message
	Hidden   int // messages that are only counted
}

// message is one message, or what stands for it.
type message struct {
	Sender string
	Avatar picture
	// Opens says that sender and time are shown: they are not where the
	// message before is of the same sender.
	Opens     bool
	Time      string // empty where it is not known
	Edited    bool
	Mentioned bool // the recipient is, and the text does not say so
	Answers   *quote
	Text      string
	Spans     []span // the text, divided at its links
	Big       bool   // nothing but a few emoji
	Cut       bool   // the text was longer
	Options   []string
	Files     []string
}

// quote is the message that another one answers.
type quote struct{ Sender, Text string }

func (r *Renderer) newView(n *notification.Notification, e *Envelope) *view {
	d := &n.Data
	v := &view{
		Look: newLook(&e.Brand, firstOf(r.cfg.From.Name, r.domain)),
		Name: name(d.To.Name, d.To.UID), Open: r.cfg.DeepLink.of(n), Settings: r.cfg.PreferencesLink.of(n),
	}
	var where, icon string
	if g := d.GroupDetails; g != nil {
		v.Title, icon = name(g.Name, g.GUID, "Group chat"), g.Icon
		where = "in " + isolate(v.Title)
	} else {
		v.Title, icon = name(d.SenderDetails.Name, d.SenderDetails.UID, "Somebody"), d.SenderDetails.Avatar
		where = "from " + isolate(v.Title)
	}
	v.Icon = newPicture(icon, v.Title, r.cfg.ImageBase)
	v.Icon.Square = d.GroupDetails != nil
	v.Subject = firstOf(clip(line(d.Subject), maxSubject), "New messages "+where)
	messages := "this message"
	v.Summary = "You have 1 new message " + where + "."
	if n := len(d.Messages); n > 1 {
		messages = "these messages"
		v.Summary = "You have " + strconv.Itoa(n) + " new messages " + where + "."
	}
	if d.GroupDetails != nil {
		v.Why = "You get this email because you are a member of " + isolate(v.Title) + " and missed " + messages + "."
	} else {
		v.Why = "You get this email because you missed " + messages + " " + where + "."
	}
	r.readMessages(v, n, e)
	first := &v.Messages[0]
	v.Preview = clip(isolate(first.Sender)+": "+strings.Join(strings.Fields(first.Text), " "), maxPreview)
	return v
}

// name returns what somebody or something is called.
func name(candidates ...string) string {
	for _, c := range candidates {
		if c = line(c); !isBlank(c) {
			return clip(c, maxName)
		}
	}
	return "there"
}

// readMessages fills in the messages, and groups those of one sender.
func (r *Renderer) readMessages(v *view, n *notification.Notification, e *Envelope) {
	d := &n.Data
	kept := d.Messages[:min(len(d.Messages), maxMessages)]
	v.Hidden = len(d.Messages) - len(kept)
	v.Messages = make([]message, len(kept))
	in := newReader(r, n, e, len(kept))
	var last time.Time
	for i := range kept {
		m, at := in.message(v, i)
		before := i - 1
		m.Opens = i == 0 || kept[before].Sender != kept[i].Sender || v.Messages[before].Sender != m.Sender ||
			!at.IsZero() && !last.IsZero() && at.Sub(last).Abs() > pause
		last = at
		v.Messages[i] = m
	}
}

// reader reads the messages of one notification in their order.
type reader struct {
	*Renderer
	n *notification.Notification
	e *Envelope
	// objects and texts are those of the messages; texts are as they are shown.
	objects []*object
	texts   []string
	secrecy secrecy
	// places are the messages read so far, by their ids.
	places map[string]int
	known  naming
}

// newReader reads the objects and the texts of the first messages: only all of
// them together say how much of each may be told.
func newReader(r *Renderer, n *notification.Notification, e *Envelope, messages int) *reader {
	in := &reader{
		Renderer: r, n: n, e: e, places: make(map[string]int),
		objects: make([]*object, messages), texts: make([]string, messages),
	}
	for i := range messages {
		from := &n.Data.Messages[i]
		o, text := readObject(from.Object), shown(from.Text)
		if mentions(text) || o != nil && mentions(string(o.Data.Text)) {
			text = nameMentions(text, in.people(o))
		}
		in.objects[i], in.texts[i] = o, text
	}
	in.secrecy = judge(in.objects, in.texts, in.known)
	return in
}

// message returns the i-th message, and when it was sent, if that is known.
func (r *reader) message(v *view, i int) (message, time.Time) {
	from := &r.n.Data.Messages[i]
	m := message{Sender: name(from.Sender.Name, from.Sender.UID, "Somebody")}
	if isBlank(from.Sender.Name) && isBlank(from.Sender.UID) && r.n.Data.SenderDetails != nil {
		m.Sender = v.Title
	}
	m.Avatar = newPicture(from.Sender.Avatar, m.Sender, r.cfg.ImageBase)
	o, text := r.objects[i], r.texts[i]
	var at time.Time
	if o != nil {
		at = r.describe(v, &m, o, text)
		if o.ID != "" {
			r.places[string(o.ID)] = i
		}
	}
	if isBlank(text) {
		text = o.kind(r.secrecy)
	}
	m.Text = clip(text, maxText)
	m.Cut = m.Text != text
	m.Spans = r.spans(m.Text)
	m.Big = isBig(m.Text)
	return m, at
}

// describe adds what the message object knows, and returns when the message
// was sent.
func (r *reader) describe(v *view, m *message, o *object, text string) time.Time {
	at := o.SentAt.second()
	m.Time = r.time(at)
	if !o.tells(text, r.secrecy, r.known) {
		return at
	}
	m.Edited = !o.EditedAt.second().IsZero()
	_, mentioned := o.names()[strings.ToLower(r.n.Data.To.UID)]
	m.Mentioned = mentioned && !strings.Contains(text, "mentioned you")
	m.Files, m.Options = o.files(), o.options()
	p, id := o.answered()
	switch place, ok := r.places[id]; {
	case p != nil:
		m.Answers = &quote{Sender: clip(p.sender(), maxName), Text: clip(p.text(), maxQuote)}
	case id == "":
	case ok:
		m.Answers = &quote{Sender: v.Messages[place].Sender, Text: clip(v.Messages[place].Text, maxQuote)}
	default:
		m.Answers = &quote{Text: "An earlier message"}
	}
	return at
}

// time writes when a message was sent. The year is only told if it is not that
// of the mail.
func (r *reader) time(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	zone := r.e.Zone
	if zone == nil {
		zone = time.UTC
	}
	at = at.In(zone)
	if at.Year() == r.e.Date.In(zone).Year() {
		return at.Format("2 Jan, 15:04 MST")
	}
	return at.Format("2 Jan 2006, 15:04 MST")
}

// people returns how everybody is called whom the payload or a message object
// names.
func (r *reader) people(o *object) naming {
	if r.known == nil {
		r.known = make(naming)
		put := func(uid, name string) {
			if name = line(name); uid != "" && !isBlank(name) {
				r.known[strings.ToLower(uid)] = clip(name, maxName)
			}
		}
		for i := range r.n.Data.Messages {
			s := &r.n.Data.Messages[i].Sender
			put(s.UID, s.Name)
		}
		put(r.n.Data.To.UID, r.n.Data.To.Name)
	}
	for uid, name := range o.names() {
		r.known[uid] = name
	}
	return r.known
}
