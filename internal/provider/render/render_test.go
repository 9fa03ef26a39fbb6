package render_test

import (
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/notification"
)

// BenchmarkMail renders a group digest of eight messages, headers and both
// parts included.
func BenchmarkMail(b *testing.B) {
	r, err := render.New(render.Config{From: mail.Address{Name: "Postrider", Address: "chat@example.com"}})
	if err != nil {
		b.Fatal(err)
	}
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
		data, err := r.Mail(n, render.Envelope{DeliveryID: "0190a5c4", To: "mira@example.org", Date: time.Unix(1900000000, 0)})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
	}
}
