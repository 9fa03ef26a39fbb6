// Bench measures Postrider beside a receiver as people write it today, on one
// machine and two cores, and writes docs/benchmarks.md.
//
// "bench run" does all of it. The other subcommands are the parts that have to
// be processes of their own, so that their cost is not the measured program's:
// the SMTP server that takes the mails, the load, the loop that shows what
// SMTP alone can do, and what fills a database.
//
// Nothing here is shipped, and no test asserts a speed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Run     runCommand     `cmd:"" help:"Measure everything and write the report."`
	Report  reportCommand  `cmd:"" help:"Write the report again from the numbers of the last run."`
	Sink    sinkCommand    `cmd:"" help:"Take mails by SMTP and count them."`
	Load    loadCommand    `cmd:"" help:"Post webhooks and measure the answers."`
	Ceiling ceilingCommand `cmd:"" help:"Send one ready-made mail as fast as SMTP goes."`
	Prefill prefillCommand `cmd:"" help:"Fill a SQLite file with pending deliveries."`
	Hook    hookCommand    `cmd:"" help:"Be a custom provider that takes calls and counts them."`
	Post    postCommand    `cmd:"" help:"Post one ready-made body as fast as HTTP goes."`
	Chat    chatCommand    `cmd:"" help:"Fill a database with messages and windows."`
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	var cli commands
	parser, err := kong.New(&cli, kong.Name("bench"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description("Measures Postrider beside a receiver as people write it today."))
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
	fmt.Fprintln(os.Stderr, "bench:", err)
	return 1
}
