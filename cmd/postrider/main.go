// Postrider turns the chat messages people missed into email. This is the
// command; each subcommand is a file, and none holds logic of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // people's time zones, also where the system has none

	"github.com/alecthomas/kong"
)

type commands struct {
	Serve       serveCommand       `cmd:"" help:"Accept webhooks and send mails."`
	Demo        demoCommand        `cmd:"" help:"Try it: a small community on an empty temporary directory, and the mails it leads to."`
	Deliveries  deliveriesCommand  `cmd:"" help:"Look at deliveries, replay and cancel them."`
	Windows     windowsCommand     `cmd:"" help:"Look at who waits for a mail."`
	Contacts    contactsCommand    `cmd:"" help:"Manage the addresses of users."`
	Send        sendCommand        `cmd:"" help:"Post one notification to a custom provider, anybody's, and show its answer."`
	Check       checkCommand       `cmd:"" help:"Play the engine against a custom provider, anybody's, and tell what holds."`
	Credentials credentialsCommand `cmd:"" help:"Show the credentials of the webhook and of the first account."`
	SignInLink  signInLinkCommand  `cmd:"" help:"Print a link that signs in to the dashboard once, without a password."`
	Config      configCommand      `cmd:"" help:"Show every setting, its value and where it comes from."`
	Version     versionCommand     `cmd:"" help:"Show version and build facts."`
}

func main() { os.Exit(run()) }

func run() int {
	// A second signal ends the process at once: stop listening after the first.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	if err := dropEmptyVariables(); err != nil {
		return failed(err)
	}
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("postrider"),
		kong.Description("Email for the chat messages people missed."),
		kong.ShortUsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return failed(err)
	}
	kctx, err := parser.Parse(os.Args[1:])
	if err != nil {
		parser.FatalIfErrorf(err)
	}
	if err := kctx.Run(); err != nil {
		return failed(err)
	}
	return 0
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "postrider:", err)
	return 1
}
