package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/postrider/postrider/bench/internal/ceiling"
	"github.com/postrider/postrider/bench/internal/chatter"
	"github.com/postrider/postrider/bench/internal/digest"
	"github.com/postrider/postrider/bench/internal/load"
	"github.com/postrider/postrider/bench/internal/sink"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/store"
)

// The parts of a run that are processes of their own.

type sinkCommand struct {
	Listen  string `default:"127.0.0.1:2525" help:"Address of the SMTP server."`
	Control string `default:"127.0.0.1:2526" help:"Address of GET /stats and /sample, POST /pause and /resume."`
}

// Run serves until it is told to stop.
func (c *sinkCommand) Run(ctx context.Context) error {
	s := sink.New()
	// What is held up would keep it from ending.
	stop := context.AfterFunc(ctx, s.Resume)
	defer stop()
	return serveWith(ctx, c.Listen, s.Serve, c.Control, s.Control())
}

type loadCommand struct {
	URL         string        `arg:"" help:"Where to post, such as http://127.0.0.1:8080/webhook."`
	Body        string        `enum:"digest,one-on-one,groups" default:"digest" help:"What to post: webhooks with digests, or events with messages."`
	People      int           `default:"10000" help:"Who write one-on-one messages to each other."`
	Username    string        `default:"bench" help:"For Basic Auth."`
	Password    string        `default:"bench" help:"For Basic Auth."`
	Messages    int           `default:"8" help:"Messages in a digest."`
	Connections int           `default:"64" help:"Connections that are kept open."`
	First       uint64        `help:"Number of the first webhook."`
	Warmup      time.Duration `default:"3s" help:"Not measured."`
	Window      time.Duration `default:"8s" help:"Measured."`
	Count       uint64        `help:"Post so many, and measure all of them."`
	Rate        float64       `help:"Webhooks due in a second; 0: each connection posts when the last was answered."`
}

// windowBegins is what a load process writes when its warm-up is over. Its
// result, in JSON, is the line after it.
const windowBegins = "window"

// Run posts and prints the result.
func (c *loadCommand) Run(ctx context.Context) error {
	template, err := c.template()
	if err != nil {
		return err
	}
	if c.Count > 0 {
		c.Warmup = 0
	}
	result, err := load.Run(ctx, load.Plan{
		URL: c.URL, Username: c.Username, Password: c.Password, Template: template, Connections: c.Connections,
		First: c.First, Warmup: c.Warmup, Window: c.Window, Count: c.Count, Rate: c.Rate,
		OnWindow: func() { fmt.Println(windowBegins) },
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func (c *loadCommand) template() (load.Template, error) {
	switch c.Body {
	case "one-on-one":
		return chatter.OneOnOne(c.People, time.Now()), nil
	case "groups":
		return chatter.ToGroups(time.Now()), nil
	default:
		return digest.New(c.Messages)
	}
}

type ceilingCommand struct {
	Address     string `arg:"" help:"SMTP server, host:port."`
	Message     string `required:"" help:"File of the message."`
	Connections int    `default:"16" help:"Pooled connections."`
	Pipelined   bool   `help:"Send the envelope in one write (RFC 2920)."`
	rawLoop
}

// Run sends and prints how many mails a second were taken.
func (c *ceilingCommand) Run(ctx context.Context) error {
	return c.measure(c.Message, func(message []byte, d time.Duration) (int64, error) {
		return ceiling.Run(ctx, c.Address, message, c.Connections, c.Pipelined, d)
	})
}

type prefillCommand struct {
	File     string        `arg:"" help:"SQLite file; made if there is none."`
	Count    int           `default:"1000000" help:"Deliveries."`
	Messages int           `default:"8" help:"Messages in a digest."`
	DueIn    time.Duration `default:"24h" help:"When they will be due."`
}

// Run puts deliveries into the outbox, the way a receiver does.
func (c *prefillCommand) Run(ctx context.Context) (err error) {
	template, err := digest.New(c.Messages)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{
		URL: "sqlite:" + c.File, Exclusive: true, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	// As many at a time as the store writes in one transaction.
	const writers = 512
	putters, ctx := errgroup.WithContext(ctx)
	for w := range writers {
		putters.Go(func() error {
			for i := w; i < c.Count; i += writers {
				if err := c.put(ctx, s, template, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return putters.Wait()
}

func (c *prefillCommand) put(ctx context.Context, s *store.Store, template *digest.Template, i int) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make delivery id: %w", err)
	}
	now := time.Now()
	body := template.Copy()
	template.Number(body, uint64(i))
	key := uuid.New() // as random, and as long, as a hash cut to 16 bytes
	_, err = s.Put(ctx, outbox.Entry{
		ID: id.String(), App: "default", Lane: outbox.LaneMail,
		Recipient: fmt.Sprintf("member-%010d", i), Conversation: "group:allotment-club",
		Payload: body, CreatedAt: now, NextAt: now.Add(c.DueIn),
		// Callers that send a webhook-id are remembered for this long.
		DedupeKey: key[:], DedupeUntil: now.Add(8 * 24 * time.Hour),
	})
	return err
}
