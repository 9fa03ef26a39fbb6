package render_test

import (
	"bytes"
	"errors"
	"io"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	gomail "github.com/emersion/go-message/mail"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

func newRenderer(t testing.TB) *render.Renderer {
	t.Helper()
	return render.New(render.Config{
		From:            mail.Address{Name: "Acme Chat", Address: "chat@example.com"},
		ImageBase:       "http://localhost:8080",
		DeepLink:        link(t, "https://chat.example.com/open?user={senderUid}&group={guid}"),
		PreferencesLink: link(t, "https://chat.example.com/people/{uid}/email"),
	})
}

func link(t testing.TB, text string) render.Link {
	t.Helper()
	l, err := render.ParseLink(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func envelope() render.Envelope {
	return render.Envelope{
		DeliveryID: "01900000-0000-7000-8000-000000000001", To: "mira@example.org",
		Date: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		App:  "default", Recipient: "mira-17", Conversation: "group:allotment",
	}
}

// parts reads a mail back as a client does.
func parts(t interface {
	Helper()
	Fatal(args ...any)
}, data []byte,
) (header gomail.Header, text, html string) {
	t.Helper()
	r, err := gomail.CreateReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return r.Header, text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			text = string(body)
		} else {
			html = string(body)
		}
	}
}

// changes reports whether a character cannot stand in both parts as it is.
func changes(r rune) bool {
	return strings.ContainsRune("<>&\"'+`\u2028\u2029", r) || unicode.IsControl(r) || r == unicode.ReplacementChar
}

// checkMail holds what every mail promises.
func checkMail(t interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}, n *notification.Notification, data []byte,
) {
	t.Helper()
	header, text, html := parts(t, data)
	var names []string
	for fields := header.Fields(); fields.Next(); {
		names = append(names, fields.Key())
	}
	want := []string{
		"Mime-Version", "Message-Id", "Date", "From", "To", "Subject", "In-Reply-To", "References",
		"Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "Feedback-Id", "Content-Type",
	}
	if !slices.Equal(names, want) {
		t.Errorf("header fields %v, want %v", names, want)
	}
	for line := range bytes.SplitSeq(data, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
			t.Errorf("a line that SMTP does not carry: %.100q", line)
		}
	}
	if to, err := header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "mira@example.org" {
		t.Errorf("To is %v, %v", to, err)
	}
	// Whether Gmail measures it before or after it is decoded.
	if _, encoded, ok := bytes.Cut(data, []byte("text/html")); !ok || len(html) > 102<<10 || len(encoded) > 102<<10 {
		t.Errorf("the HTML part has %d bytes, %d as it is encoded", len(html), len(encoded))
	}
	checkHTML(t, html)
	if !strings.Contains(text, "Hello ") || !strings.Contains(html, "Hello ") {
		t.Errorf("no greeting")
	}
	if g := n.Data.GroupDetails; g != nil && strings.ContainsFunc(g.Name, unicode.IsLetter) && len(g.Name) < 1000 && !strings.ContainsFunc(g.Name, changes) && g.Name != "\u3164" {
		if !strings.Contains(text, g.Name) || !strings.Contains(html, g.Name) {
			t.Errorf("the group's name %q is missing", g.Name)
		}
	}
}

// Whatever a payload holds, the mail has the headers it should have and no
// others, and says each text in both parts.
func TestAnyPayload(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	anything := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", "a\r\nBcc: x@example.com", "\r\n\r\n", "<script>", "{{.}}", "\x00", "\xff", strings.Repeat("long ", 300), "=?utf-8?q?=0d=0aX:_y?=", "\u2028X: y"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		n := &notification.Notification{Data: notification.Data{
			To:      notification.Recipient{UID: "mira", Name: anything.Draw(t, "name")},
			Subject: anything.Draw(t, "subject"),
		}}
		user := notification.User{UID: anything.Draw(t, "uid"), Name: anything.Draw(t, "sender"), Avatar: anything.Draw(t, "avatar")}
		if rapid.Bool().Draw(t, "group") {
			n.Data.GroupDetails = &notification.Group{GUID: "g", Name: anything.Draw(t, "group name"), Icon: anything.Draw(t, "icon")}
		} else {
			n.Data.SenderDetails = &user
		}
		for range rapid.IntRange(1, 5).Draw(t, "messages") {
			n.Data.Messages = append(n.Data.Messages, notification.Message{Sender: user, Text: anything.Draw(t, "text")})
		}
		data, err := r.Mail(n, envelope())
		if err != nil {
			t.Fatal(err)
		}
		checkMail(t, n, data)
		again, err := r.Mail(n, envelope())
		if err != nil || !bytes.Equal(data, again) {
			t.Errorf("the same mail again differs: %v", err)
		}
	})
}

// A text stands unbroken on its line of the plain part and inside one element
// of the HTML part.
func TestTextsAreUnbroken(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("a rather long message without end ", 40))
	n := &notification.Notification{Data: notification.Data{
		To:            notification.Recipient{UID: "mira", Name: "Mira de la Oduya y Márquez"},
		SenderDetails: &notification.User{UID: "otto", Name: "Otto Brandt"},
		Messages: []notification.Message{
			{Sender: notification.User{UID: "otto", Name: "Otto Brandt"}, Text: long},
			{Sender: notification.User{UID: "otto", Name: "Otto Brandt"}, Text: "one\ntwo"},
		},
	}}
	data, err := newRenderer(t).Mail(n, envelope())
	if err != nil {
		t.Fatal(err)
	}
	_, text, html := parts(t, data)
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, want := range []string{"Hello Mira de la Oduya y Márquez,\n", "\n" + long + "\n", "\none\ntwo\n", "Otto Brandt"} {
		if !strings.Contains(text, want) {
			t.Errorf("the plain part lacks %q:\n%s", want, text)
		}
	}
	for _, want := range []string{"Hello Mira de la Oduya y Márquez,<", ">" + long + "<", "Otto Brandt"} {
		if !strings.Contains(html, want) {
			t.Errorf("the HTML part lacks %q", want)
		}
	}
}

// TestLongAddressLosesItsName: From and To of more than 320 characters, as they
// are encoded, carry the address alone, for servers refuse longer ones.
func TestLongAddressLosesItsName(t *testing.T) {
	t.Parallel()
	const most = 320
	field := func(t *testing.T, from, to string) (fields [2]string) {
		t.Helper()
		n := small()
		n.Data.To.Name = to
		data, err := render.New(render.Config{From: mail.Address{Name: from, Address: "chat@example.com"}}).Mail(n, envelope())
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
		unfolded := strings.ReplaceAll(string(header), "\r\n ", " ")
		for i, name := range []string{"From: ", "To: "} {
			_, rest, _ := strings.Cut(unfolded, "\r\n"+name)
			fields[i], _, _ = strings.Cut(rest, "\r\n")
		}
		return fields
	}
	for _, address := range []struct {
		field int
		bare  string
	}{{0, "<chat@example.com>"}, {1, "<mira@example.org>"}} {
		fits := most - len(`"" `) - len(address.bare)
		for _, test := range []struct {
			name, display string
			named         bool
		}{
			{"as long as may be", strings.Repeat("x", fits), true},
			{"one more", strings.Repeat("x", fits+1), false},
			{"longer because it is escaped", strings.Repeat("x", fits-1) + `"`, false},
			{"longer because it is encoded", strings.Repeat("ä", 160), false},
			{"encoded", strings.Repeat("ä", 40), true},
		} {
			var names [2]string
			names[0], names[1] = "Acme", "Mira"
			names[address.field] = test.display
			got := field(t, names[0], names[1])[address.field]
			if named := got != address.bare; named != test.named || len(got) > most || !strings.HasSuffix(got, address.bare) {
				t.Errorf("%s, field %d: %d characters: %s", test.name, address.field, len(got), got)
			}
		}
	}
}

// Of a long digest the mail shows the first messages and counts the others, in
// both parts alike: none is lost in between.
func TestLongDigestsAreCounted(t *testing.T) {
	t.Parallel()
	shown := regexp.MustCompile(`Message \d+\.`)
	hidden := regexp.MustCompile(`and (\d+) more messages?\b`)
	for _, messages := range []int{1, 2, 49, 50, 51, 52, 100} {
		for _, sentences := range []int{0, 3, 12, 150} {
			n := many(messages, sentences)
			data, err := newRenderer(t).Mail(n, envelope())
			if err != nil {
				t.Fatal(err)
			}
			checkMail(t, n, data)
			_, text, page := parts(t, data)
			_, page, _ = strings.Cut(page, "<h1") // the preview repeats the first
			var counted [2]int
			for i, part := range []string{text, page} {
				counted[i] = len(shown.FindAllString(part, -1))
				if more := hidden.FindStringSubmatch(part); more != nil {
					rest, err := strconv.Atoi(more[1])
					if err != nil || rest < 1 || (rest == 1) != strings.HasSuffix(more[0], "message") {
						t.Errorf("%d messages of %d sentences: %q", messages, sentences, more[0])
					}
					counted[i] += rest
				}
			}
			if counted != [2]int{messages, messages} {
				t.Errorf("%d messages of %d sentences: %v are shown or counted", messages, sentences, counted)
			}
		}
	}
}

// TestBelowWhatGmailCuts: whatever a long digest is written in, both the HTML
// part and its encoding stay below 102 KB, which checkMail measures, and are not
// much shorter than they may be.
func TestBelowWhatGmailCuts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"plain words ", "=", "é", "café au lait ", "Пешие прогулки ", "花园", "🥾", "\"<&>'", "https://example.org/a ", "a\n"} {
		n := many(100, 0)
		for i := range n.Data.Messages {
			n.Data.Messages[i].Text, n.Data.Messages[i].Object = strings.Repeat(text, 4000/len(text)), nil
		}
		data, err := newRenderer(t).Mail(n, envelope())
		if err != nil {
			t.Fatal(err)
		}
		checkMail(t, n, data)
		if _, _, html := parts(t, data); len(html) < 50<<10 {
			t.Errorf("%q: only %d bytes are used", text, len(html))
		}
	}
}

func TestPicturesAreHTTPSOrOurs(t *testing.T) {
	t.Parallel()
	for avatar, shown := range map[string]bool{
		"https://img.example.com/a.png":                       true,
		"http://localhost:8080/assets/avatars/a.png":          true,
		"http://localhost:8080.evil.example/assets/a.png":     false,
		"http://img.example.com/a.png":                        false,
		"//img.example.com/a.png":                             false,
		"data:image/png;base64,AAAA":                          false,
		"javascript:alert(1)":                                 false,
		"https://":                                            false,
		"https://img.example.com/a\"onerror=\"alert(1)//.png": true,
	} {
		n := &notification.Notification{Data: notification.Data{
			To:            notification.Recipient{UID: "mira"},
			SenderDetails: &notification.User{UID: "otto", Name: "Otto"},
			Messages:      []notification.Message{{Sender: notification.User{Name: "Otto", Avatar: avatar}, Text: "hi"}},
		}}
		data, err := newRenderer(t).Mail(n, envelope())
		if err != nil {
			t.Fatal(err)
		}
		_, _, html := parts(t, data)
		if got := strings.Contains(html, "<img "); got != shown {
			t.Errorf("%s: shown is %t", avatar, got)
		}
		if strings.Contains(html, `"onerror="`) {
			t.Errorf("%s: broke out of its attribute", avatar)
		}
	}
}

// BenchmarkMail renders a group digest of eight messages, headers and both
// parts included.
func BenchmarkMail(b *testing.B) {
	r := newRenderer(b)
	n := &notification.Notification{Data: notification.Data{
		To:           notification.Recipient{UID: "mira", Name: "Mira Oduya"},
		GroupDetails: &notification.Group{GUID: "allotment", Name: "Allotment Club"},
		Subject:      "New messages in Allotment Club",
	}}
	for range 8 {
		n.Data.Messages = append(n.Data.Messages, notification.Message{
			Sender: notification.User{UID: "otto", Name: "Otto Brandt", Avatar: "https://img.example.org/otto.png"},
			Text:   strings.Repeat("Who has the gate key? ", 4),
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		data, err := r.Mail(n, envelope())
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
	}
}
