package mailbox_test

import (
	"net/http"
	"strings"
	"testing"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

func storedMail(id, raw string) gateway.Mail {
	raw = strings.ReplaceAll(raw, "\n", "\r\n")
	return gateway.Mail{ID: id, ReceivedAt: noon, From: "chat@example.com", To: "andrew@example.com", Raw: []byte(raw)}
}

// htmlMail is a mail with that document as its only part.
func htmlMail(document string) string {
	return "From: chat@example.com\nSubject: Frame\nContent-Type: text/html; charset=utf-8\n\n" + document
}

// The policy is what keeps a mail from doing anything: it is held to the
// letter, on its own document, where it also counts outside our frame.
func TestFramePolicy(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://postrider.example.com")
	mail := s.keep(t, 1, "andrew@example.com", file(t, "hostile.eml"))
	const closed = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https://postrider.example.com/assets/; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
	for query, want := range map[string]string{
		"":          closed,
		"?images=1": strings.Replace(closed, "/assets/;", "/assets/ https:;", 1),
	} {
		answer := s.want(t, http.StatusOK, "GET", "/mailbox/"+mail+"/html"+query)
		if got := answer.header.Values("Content-Security-Policy"); len(got) != 1 || got[0] != want {
			t.Errorf("policy with %q is\n%q, want\n%q", query, got, want)
		}
	}
	page := s.want(t, http.StatusOK, "GET", "/mailbox/"+mail).body
	if !strings.Contains(page, ` sandbox="allow-popups allow-popups-to-escape-sandbox"`) {
		t.Error("the frame on the page is not sandboxed")
	}
}

func TestFrameLinksOpenOutside(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	const base = `<base target="_blank"/>`
	for n, document := range []string{
		`<!doctype html><html><head><title>x</title></head><body>Hello</body></html>`,
		`<p>Hello`,
		`Hello`,
		`<!-- only a comment -->Hello`,
		`<head><base href="https://evil.example/" target="_self"></head>Hello`,
	} {
		mail := s.keep(t, n, "andrew@example.com", htmlMail(document))
		body := s.want(t, http.StatusOK, "GET", "/mailbox/"+mail+"/html").body
		if at := strings.Index(body, "<base"); at < 0 || !strings.HasPrefix(body[at:], base) {
			t.Errorf("%s does not begin with %s", body, base)
		}
		if !strings.Contains(body, "Hello") {
			t.Errorf("%s lost its text", body)
		}
		if strings.HasPrefix(document, "<!doctype") && !strings.HasPrefix(body, "<!DOCTYPE html>") {
			t.Errorf("%s lost its document type, and renders differently", body)
		}
	}
}

func TestRemoteImagesAreOffered(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://postrider.example.com")
	for n, test := range []struct {
		document string
		remote   bool
	}{
		{`<p>Hello</p>`, false},
		{`<img src="https://postrider.example.com/assets/avatars/susan-marie.png">`, false},
		{`<img src="https://postrider.example.com.evil.example/assets/x.png">`, true},
		{`<img src="data:image/png;base64,AAAA">`, false},
		{`<a href="https://elsewhere.example/">a link loads nothing</a>`, false},
		{`<img src="https://elsewhere.example/x.png">`, true},
		{`<img src=" HTTP://elsewhere.example/x.png">`, true},
		{`<img src="//elsewhere.example/x.png">`, true},
		{`<img srcset="https://elsewhere.example/x.png 2x">`, true},
		{`<table background="https://elsewhere.example/x.png"></table>`, true},
		{`<p style="background: URL('https://elsewhere.example/x.png')">`, true},
		{`<style>p { background: url(https://elsewhere.example/x.png) }</style>`, true},
		{`<style>p { background: red } /* https://example.com */</style>`, false},
	} {
		mail := s.keep(t, n, "andrew@example.com", htmlMail(test.document))
		body := s.want(t, http.StatusOK, "GET", "/mailbox/"+mail).body
		if got := strings.Contains(body, "Show remote images"); got != test.remote {
			t.Errorf("%s: offered %v, want %v", test.document, got, test.remote)
		}
		body = s.want(t, http.StatusOK, "GET", "/mailbox/"+mail+"?images=1").body
		if !strings.Contains(body, `/html?images=1"`) || !strings.Contains(body, "Hide them") {
			t.Errorf("%s: images are not shown when asked for", test.document)
		}
	}
}

// A huge mail does not become a huge page; nothing is lost from the download.
func TestHugeMailIsCut(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	text := "x" + strings.Repeat("ü", 1<<20+1) + "the end" // the cut falls inside an ü
	mail := s.keep(t, 1, "andrew@example.com", "From: chat@example.com\nSubject: Huge\nContent-Type: text/plain; charset=utf-8\n\n"+text)
	const notice = "Only the first 2 MB are shown"
	for _, view := range []string{"text", "source"} {
		body := s.want(t, http.StatusOK, "GET", "/mailbox/"+mail+"?view="+view).body
		if !strings.Contains(body, notice) || strings.Contains(body, "the end") {
			t.Errorf("%s: is not cut, or does not say so", view)
		}
		if strings.Contains(body, "\uFFFD") {
			t.Errorf("%s: is cut inside a character", view)
		}
	}
	if body := s.want(t, http.StatusOK, "GET", "/mailbox/"+mail+"?view=headers").body; strings.Contains(body, notice) {
		t.Error("says that headers are cut")
	}
	if body := s.want(t, http.StatusOK, "GET", "/mailbox/"+mail+"/source.eml").body; !strings.HasSuffix(body, "the end") {
		t.Error("the download is cut")
	}
}
