package mailbox_test

import (
	"net/http"
	"strings"
	"testing"
)

// Mails come in all shapes. What can be read is read; the source of every one
// can be seen.
func TestShapesOfMails(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	for n, test := range []struct {
		name, raw          string
		text, html, header string // of the API; header is the subject
		problem            string // begins with
	}{
		{
			name: "only text, without a content type",
			raw:  "Subject: Plain\n\nHello\n", header: "Plain", text: "Hello\r\n",
		},
		{
			name:   "only HTML, in Latin-1",
			raw:    "Subject: =?iso-8859-1?q?Gr=FC=DFe?=\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<p>Gr=FC=DFe</p>",
			header: "Grüße", html: "<p>Grüße</p>",
		},
		{
			name: "a charset nobody knows",
			raw:  "Subject: =?x-martian?q?Hi?=\nContent-Type: text/plain; charset=x-martian\n\nHello",
			// The decoded name of the charset would help nobody.
			header: "=?x-martian?q?Hi?=", text: "Hello",
		},
		{
			name: "bytes that are no UTF-8",
			raw:  "Subject: Raw \xff\nContent-Type: text/plain; charset=utf-8\n\nHello \xff\n", header: "Raw \uFFFD", text: "Hello \uFFFD\r\n",
		},
		{
			name: "alternatives inside a mixed mail, and attachments",
			raw: "Subject: Mixed\nContent-Type: multipart/mixed; boundary=m\n\n" +
				"--m\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nattached\n" +
				"--m\nContent-Type: multipart/alternative; boundary=a\n\n" +
				"--a\nContent-Type: text/plain\n\nHello\n--a\nContent-Type: text/html\n\n<p>Hello</p>\n--a--\n" +
				"--m\nContent-Type: text/plain\n\nthe list's footer\n--m\nContent-Type: image/png\n\nPNG\n--m--\n",
			header: "Mixed", text: "Hello", html: "<p>Hello</p>",
		},
		{
			name: "the end is missing",
			raw:  "Subject: Half\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nHello", header: "Half",
			text: "Hello", problem: "a part cannot be read",
		},
		{
			name: "no part has a boundary",
			raw:  "Subject: None\nContent-Type: multipart/alternative; boundary=a\n\nHello\n", header: "None", problem: "a part cannot be read",
		},
		{
			name: "broken transfer encoding",
			raw:  "Subject: Encoded\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGVsbG8h!!!\n", header: "Encoded",
			text: "Hello!", problem: "the text/plain part cannot be read to its end",
		},
		{
			name: "no headers", raw: "Hello\n", problem: "the headers cannot be read",
		},
		{
			name: "nothing", raw: "",
		},
		{
			name: "a content type that cannot be parsed",
			raw:  "Subject: Odd\nContent-Type: ;;;\n\nHello\n", header: "Odd",
		},
	} {
		mail := s.keep(t, n, "andrew@example.com", test.raw)
		got := decode(t, s.want(t, http.StatusOK, "GET", api+"/"+mail))
		headers, _ := got["headers"].(map[string]any)
		subject := ""
		if values, ok := headers["Subject"].([]any); ok {
			subject = values[0].(string)
		}
		problem, _ := got["problem"].(string)
		if got["text"] != test.text || got["html"] != test.html || subject != test.header {
			t.Errorf("%s: text %q, html %q, subject %q; want %q, %q, %q", test.name, got["text"], got["html"], subject, test.text, test.html, test.header)
		}
		if !strings.HasPrefix(problem, test.problem) || (problem == "") != (test.problem == "") {
			t.Errorf("%s: problem is %q, want %q…", test.name, problem, test.problem)
		}
		for _, view := range []string{"", "?view=html", "?view=text", "?view=headers", "?view=source", "?view=none", "/html"} {
			s.want(t, http.StatusOK, "GET", "/mailbox/"+mail+view)
		}
	}
}
