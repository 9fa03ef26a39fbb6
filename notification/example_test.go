package notification_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/postrider/postrider/notification"
)

// A custom provider: what arrives is handed to a function that keeps it.
func Example() {
	keep := func(_ context.Context, r *notification.Request) error {
		n := r.Notification
		fmt.Printf("%s missed %d messages: %s\n", n.Data.To.Name, len(n.Data.Messages), n.Data.Subject)
		return nil // only once it is safe on disk
	}
	http.Handle("/webhook", &notification.Handler{
		Accept:       keep,
		Authenticate: notification.BasicAuth(notification.Credentials{Username: "cometchat", Password: "correct-horse"}),
	})
	go func() { log.Fatal(http.ListenAndServe("127.0.0.1:3000", nil)) }()
}
