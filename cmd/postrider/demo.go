package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/daemon"
	"github.com/postrider/postrider/internal/demo"
)

type demoCommand struct {
	daemon.Logging
	Listen string `env:"POSTRIDER_LISTEN" default:"127.0.0.1:0" placeholder:"ADDR" help:"Address of the HTTP server; a free port of this machine unless set."`
}

// Run implements the command demo.
func (c *demoCommand) Run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "postrider-demo-")
	if err != nil {
		return fmt.Errorf("create temporary directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	// The log is not what a first look is about.
	if c.LogLevel == "info" {
		c.LogLevel = "warn"
	}
	settings := daemon.DemoSettings(dir, c.Listen)
	options := daemonOptions(newLogger(c.Logging))
	options.Demo = demo.Name
	d, err := daemon.New(ctx, settings, options)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		if err := show(ctx, d, dir); err != nil {
			stop(err) // and Run returns it
		}
	}()
	err = d.Run(ctx)
	stop(nil)
	<-shown
	return err
}

const (
	// settleFor is how long the last mails are waited for.
	settleFor = 20 * time.Second
	// laterThan is from when on it is not: what waits for longer waits for
	// somebody's hours.
	laterThan = time.Minute
	// listed is how many mails are named; the others are in the mailbox.
	listed = 6
	// counted is how many mails are counted.
	counted = 500
)

// ownMessage is an event between the quotes of a shell, which puts the time in:
// each is another message.
const ownMessage = `{"trigger":"message_sent","data":{"message":{"id":"'$(date +%s)'","sender":"you","receiver":"susan","receiverType":"user",` +
	`"category":"message","type":"text","data":{"text":"Hello Susan!"},"sentAt":'$(date +%s)'}},"appId":"demo","region":"us","webhook":"demo"}`

// show plays the community and prints where to look.
func show(ctx context.Context, d *daemon.Daemon, dir string) error {
	login := func(name string) demo.Login {
		c := d.Credential(name)
		return demo.Login{Username: c.Username, Password: c.Password}
	}
	target := &demo.Target{
		URL: d.PublicURL(), Events: login(access.NameEvents), Webhook: login(access.NameWebhook),
		APIKey: d.Credential(access.NameAPIKey).Password,
		Client: &http.Client{Timeout: 10 * time.Second},
	}
	fmt.Printf("Ten people and their chat, at 60 times the speed: what somebody has not read after a minute is mailed after a second.\n\n")
	err := target.Play(ctx, time.Now, func(act string) { fmt.Printf("  %s\n", act) })
	if err != nil {
		return err
	}
	settling, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	// What is not there by then is on its way.
	if err := d.AwaitQuiet(settling, laterThan); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return whereToLook(ctx, d, target, dir)
}

func whereToLook(ctx context.Context, d *daemon.Daemon, target *demo.Target, dir string) error {
	mails, err := d.Mails(ctx, counted)
	if err != nil {
		return err
	}
	fmt.Printf("\n%d mails, the first of them:\n\n", len(mails))
	table := tabwriter.NewWriter(os.Stdout, 2, 0, 2, ' ', 0)
	for _, m := range mails[:min(listed, len(mails))] {
		fmt.Fprintf(table, "  %s\t%s\t%s/mailbox/%s\n", cell(m.To), cell(m.Subject), d.PublicURL(), m.ID)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	admin := d.Credential(access.NameAdmin)
	link, err := d.SignInLink(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe dashboard, signed in (this works once, for an hour):\n\n  %s\n", link)
	fmt.Printf("\nThe mailbox:  %s/mailbox\n", d.PublicURL())
	fmt.Printf("Sign in:      %s  /  %s\n", admin.Username, admin.Password)
	command := "POSTRIDER_DATA_DIR=" + shellWord(dir) + " " + ownName()
	fmt.Printf("\nWhat was not sent, and why:\n\n  %s deliveries list --lane call --state skipped\n", command)
	fmt.Printf("\nWho still waits, and for what:\n\n  %s windows list\n", command)
	fmt.Printf("\nWrite to Susan yourself; a second later she has mail:\n\n  curl -u %s:%s -H 'Content-Type: application/json' %s/events \\\n",
		target.Events.Username, target.Events.Password, target.URL)
	fmt.Printf("    -d '%s'\n", ownMessage)
	fmt.Printf("\nEverything is in a temporary directory and goes away with Ctrl-C.\n")
	return nil
}

// ownName is how this program is called again: by its name where that leads to
// it, else by its path.
func ownName() string {
	self, err := os.Executable()
	if err != nil {
		return "postrider"
	}
	if found, err := exec.LookPath("postrider"); err == nil && sameFile(found, self) {
		return "postrider"
	}
	return shellWord(self)
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// shellWord writes a path so that a shell takes it for one word.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
