package render_test

import (
	"errors"
	"net/mail"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

func small() *notification.Notification {
	return &notification.Notification{AppID: "app123", Data: notification.Data{
		To:            notification.Recipient{UID: "mira 17/?", Name: "Mira Oduya"},
		SenderDetails: &notification.User{UID: "otto&4", Name: "Otto Brandt"},
		Messages:      []notification.Message{{Sender: notification.User{UID: "otto&4", Name: "Otto Brandt"}, Text: "Seed order arrived"}},
		Subject:       "New messages from Otto Brandt",
	}}
}

func TestBrandValidate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		brand render.Brand
		field string
	}{
		{"none", render.Brand{}, ""},
		{"all", render.Brand{Name: "Acme", Logo: "https://example.com/l.png", Color: "#AbC", Footer: "a\nb"}, ""},
		{"two lines", render.Brand{Name: "Ac\nme"}, "name"},
		{"long name", render.Brand{Name: strings.Repeat("ä", 101)}, "name"},
		{"name as long as may be", render.Brand{Name: strings.Repeat("ä", 100)}, ""},
		{"http", render.Brand{Logo: "http://example.com/l.png"}, "logo"},
		{"no host", render.Brand{Logo: "https:///l.png"}, "logo"},
		{"script", render.Brand{Logo: "javascript:alert(1)"}, "logo"},
		{"colour by name", render.Brand{Color: "red"}, "color"},
		{"colour with more", render.Brand{Color: "#0f6e67;background:url(x)"}, "color"},
		{"no digits", render.Brand{Color: "#12345g"}, "color"},
		{"signs", render.Brand{Color: "#+1+1+1"}, "color"},
		{"four digits", render.Brand{Color: "#1234"}, "color"},
		{"long footer", render.Brand{Footer: strings.Repeat("x", 1001)}, "footer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := test.brand.Validate()
			var wrong *render.BrandError
			switch {
			case test.field == "" && err != nil:
				t.Errorf("got %v", err)
			case test.field != "" && (!errors.As(err, &wrong) || wrong.Field != test.field || wrong.Problem == ""):
				t.Errorf("got %v, want something about %s", err, test.field)
			}
		})
	}
}

// Whatever the colour, the button can be read.
func TestButtonsCanBeRead(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for color, ink := range map[string]string{"#ffffff": "#000000", "#000": "#ffffff", "#ffd400": "#000000", "#0f6e67": "#ffffff", "#777777": "#000000", "#b4530a": "#ffffff"} {
		e := envelope()
		e.Brand.Color = color
		data, err := r.Mail(small(), e)
		if err != nil {
			t.Fatal(err)
		}
		_, _, html := parts(t, data)
		if !strings.Contains(html, "color:"+ink+";\">Open conversation") {
			t.Errorf("on %s letters are not %s", color, ink)
		}
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ template, want string }{
		{"", ""},
		{"https://chat.example.com/", "https://chat.example.com/"},
		{"https://chat.example.com/u/{uid}/{senderUid}?g={guid}#x", "https://chat.example.com/u/mira%2017%2F%3F/otto%264?g=#x"},
		{"http://localhost:3000/?u={senderUid}", "http://localhost:3000/?u=otto%264"},
	} {
		r := render.New(render.Config{From: mail.Address{Address: "chat@example.com"}, DeepLink: link(t, test.template)})
		data, err := r.Mail(small(), envelope())
		if err != nil {
			t.Fatal(err)
		}
		_, text, html := parts(t, data)
		if got := strings.Contains(html, "Open conversation"); got != (test.want != "") {
			t.Errorf("%s: a button is %t", test.template, got)
		}
		if test.want != "" && (!strings.Contains(html, `href="`+test.want+`"`) || !strings.Contains(text, "\r\n"+test.want+"\r\n")) {
			t.Errorf("%s: does not lead to %s:\n%s", test.template, test.want, text)
		}
	}
	for _, bad := range []string{
		"chat.example.com", "/open", "javascript:alert(1)", "myapp://open", "https://", "https://{uid}.example.com/", "https://{guid}/",
		"https://x.example.com/{name}", "https://x.example.com/{uid", "https://me:secret@x.example.com/", "https://x.example.com/" + strings.Repeat("x", 2000), "https://x.example.com/\n",
	} {
		if l, err := render.ParseLink(bad); err == nil {
			t.Errorf("%s is taken as %v", bad, l)
		}
	}
}

// A step of a path must not lead elsewhere.
func TestLinksKeepTheirPath(t *testing.T) {
	t.Parallel()
	r := render.New(render.Config{From: mail.Address{Address: "chat@example.com"}, DeepLink: link(t, "https://chat.example.com/u/{senderUid}/open")})
	rapid.Check(t, func(t *rapid.T) {
		n := small()
		n.Data.SenderDetails.UID = rapid.OneOf(rapid.SampledFrom([]string{"..", ".", "../..", "a/../b", "{uid}", "%2e%2e", ".\t", "\x00.."}), rapid.String()).Draw(t, "uid")
		data, err := r.Mail(n, envelope())
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := parts(t, data)
		_, rest, _ := strings.Cut(text, "https://chat.example.com/u/")
		id, _, ok := strings.Cut(rest, "/open\r\n")
		if !ok || strings.ContainsAny(id, "/?#&{}\r\n \"<>") || id == ".." || id == "." {
			t.Errorf("leads to %q", rest)
		}
	})
}
