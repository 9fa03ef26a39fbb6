package conformance_test

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/conformance"
	"github.com/postrider/postrider/notification"
)

// Whatever is left out of a sample, it is a notification.
func TestSamplesAreValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var body []byte
		client, err := conformance.New(conformance.Config{
			Target: conformance.Target{URL: "https://hooks.example.org/", AppID: "app1"}, Clock: time.Now,
			Transport: direct{http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})},
		})
		if err != nil {
			t.Fatal(err)
		}
		sample := conformance.Sample{
			UID:   rapid.SampledFrom([]string{"", "andrew"}).Draw(t, "uid"),
			Email: rapid.SampledFrom([]string{"", "andrew@" + conformance.Domain}).Draw(t, "email"),
			Group: rapid.Bool().Draw(t, "group"), Objects: rapid.Bool().Draw(t, "objects"),
			Long: rapid.Bool().Draw(t, "long"), Bare: rapid.Bool().Draw(t, "bare"),
		}
		var answer conformance.Answer
		if body, answer = client.Send(t.Context(), &sample); !answer.InTime() {
			t.Fatalf("answered %s", answer.String())
		}
		n, err := notification.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		d := &n.Data
		if (d.GroupDetails != nil) != sample.Group || d.To.Email != sample.Email || n.AppID != "app1" || sample.UID != "" && d.To.UID != sample.UID {
			t.Errorf("made %s", body)
		}
		for _, m := range d.Messages {
			if (m.Object != nil) != sample.Objects || (m.Sender.Avatar == "") != sample.Bare {
				t.Errorf("made the message %+v", m)
			}
		}
		if long := len(d.Messages) == 100 && len(body) > 100<<10; long != sample.Long {
			t.Errorf("%d messages, %d bytes", len(d.Messages), len(body))
		}
	})
}
