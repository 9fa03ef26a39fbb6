package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestDemo does what a stranger does after the first command: opens what it
// prints, signs in as it says, pastes the command it proposes, and ends it.
func TestDemo(t *testing.T) {
	t.Parallel()
	site := newSite(t, nil)
	temporary := t.TempDir()
	site.settings = map[string]string{"TMPDIR": temporary}
	demo := startProcess(t, site.environment(), nil, binary, "demo")
	err := demo.out.await(within(t), "the demo to have printed all", func(out string) bool {
		return strings.Contains(out, "goes away with Ctrl-C")
	})
	if err != nil {
		t.Fatal(err)
	}
	out := demo.out.String()
	mails := regexp.MustCompile(`http://\S+/mailbox/[0-9a-f-]{36}`).FindAllString(out, -1)
	signIn := regexp.MustCompile(`Sign in: +(\S+) +/ +(\S+)`).FindStringSubmatch(out)
	if len(mails) != 2 || signIn == nil {
		t.Fatalf("want two mails and how to sign in:\n%s", out)
	}
	get := func(url, username, password string) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(within(t), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if username != "" {
			r.SetBasicAuth(username, password)
		}
		a, err := (&server{client: &http.Client{}}).do(r)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for i, texts := range [][]string{
		{"New messages from Susan Marie", "Andrew Joseph", "Are we meeting on this weekend?", "📷 Has shared an image"},
		{"New messages in Hiking Group", "Hiking Group", "John Paul", "Hello all! What's up?", "Susan Marie", "This is the place I was thinking about"},
	} {
		if err := get(mails[i], "", "").want(http.StatusUnauthorized); err != nil {
			t.Errorf("without signing in: %v", err)
		}
		page := get(mails[i], signIn[1], signIn[2])
		if err := page.want(http.StatusOK); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page.body), texts[0]) {
			t.Errorf("%s: the page does not show the subject %q", mails[i], texts[0])
		}
		kept := readMail(t, get(strings.Replace(mails[i], "/mailbox/", "/mailbox/api/v1/messages/", 1), signIn[1], signIn[2]))
		for _, want := range texts[1:] {
			if !strings.Contains(kept.Text, want) {
				t.Errorf("the text of %q lacks %q:\n%s", kept.Subject, want, kept.Text)
			}
		}
	}

	t.Run("the printed command", func(t *testing.T) {
		if _, err := exec.LookPath("curl"); err != nil {
			t.Skip("NOT TESTED: curl is not installed")
		}
		command := regexp.MustCompile(`(?s)curl -u .*?}'`).FindString(out)
		said, err := exec.CommandContext(within(t), "sh", "-c", strings.Replace(command, "curl ", "curl -sS ", 1)).CombinedOutput()
		if err != nil || !strings.Contains(string(said), "Webhook received successfully") {
			t.Fatalf("%s: %v\n%s", command, err, said)
		}
		base, _, _ := strings.Cut(mails[0], "/mailbox/")
		eventually(t, func() error {
			var list struct {
				Messages []keptMail `json:"messages"`
			}
			if err := json.Unmarshal(get(base+"/mailbox/api/v1/messages", signIn[1], signIn[2]).body, &list); err != nil {
				return err
			}
			if len(list.Messages) != 3 || list.Messages[0].To != "you@example.com" {
				return fmt.Errorf("the mailbox holds %+v", list.Messages)
			}
			return nil
		})
	})

	demo.signal(syscall.SIGINT)
	demo.awaitExit(0)
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v %v", left, err)
	}
}

// keptMail is a mail in the answers of the mailbox's API.
type keptMail struct {
	ID      string              `json:"id"`
	From    string              `json:"from"`
	To      string              `json:"to"`
	Subject string              `json:"subject"`
	Headers map[string][]string `json:"headers"`
	Text    string              `json:"text"`
	HTML    string              `json:"html"`
}

func readMail(t testing.TB, a answer) keptMail {
	t.Helper()
	var m keptMail
	if err := a.want(http.StatusOK); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// kept returns what is in the mailbox, newest first.
func (s *server) kept() ([]keptMail, error) {
	var list struct {
		Messages []keptMail `json:"messages"`
		Next     string     `json:"next"`
	}
	a := s.get("/mailbox/api/v1/messages?limit=200")
	if err := a.want(http.StatusOK); err != nil {
		return nil, err
	}
	err := json.Unmarshal(a.body, &list)
	if list.Next != "" {
		err = fmt.Errorf("more than 200 mails")
	}
	return list.Messages, err
}

// awaitKept waits until the mailbox holds n mails.
func (s *server) awaitKept(n int) []keptMail {
	s.t.Helper()
	var mails []keptMail
	eventually(s.t, func() (err error) {
		if mails, err = s.kept(); err == nil && len(mails) < n {
			err = fmt.Errorf("%d mails are in the mailbox, want %d", len(mails), n)
		}
		return err
	})
	return mails
}
