package digest_test

import (
	"net/mail"
	"testing"

	"github.com/postrider/postrider/bench/internal/digest"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

// The mails that are compared have 8 to 12 KB.
func TestMailsHaveTheSizeThatIsCompared(t *testing.T) {
	t.Parallel()
	template, err := digest.New(digest.Messages)
	if err != nil {
		t.Fatal(err)
	}
	body := template.Copy()
	template.Number(body, 4_000_000_000)
	n, err := notification.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if want := "member-4000000000"; n.Data.To.UID != want || n.Data.To.Email != want+"@example.org" {
		t.Errorf("recipient is %+v, want %s", n.Data.To, want)
	}
	r := render.New(render.Config{From: mail.Address{Address: "postrider@localhost"}})
	data, err := r.Mail(n, render.Envelope{DeliveryID: "0190a5c4-7a3e-7000-8000-000000000001", To: n.Data.To.Email})
	if err != nil {
		t.Fatal(err)
	}
	if len(data) < 8_000 || len(data) > 12<<10 {
		t.Errorf("a mail has %d bytes", len(data))
	}
}
