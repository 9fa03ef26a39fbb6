package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/postrider/postrider/internal/conformance"
)

type checkCommand struct {
	targetFlags
	Burst bool   `help:"Also make 100 calls at once, as for a message in a group of 100."`
	JUnit string `name:"junit" placeholder:"FILE" help:"Also write a report for build servers (JUnit XML)."`
}

// Run implements the command check.
func (c *checkCommand) Run(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	options := conformance.Options{Burst: c.Burst}
	if !c.JSON {
		options.OnLine = printLine
	}
	report, err := client.Check(ctx, options)
	if c.JSON {
		err = errors.Join(err, printJSON(report))
	} else {
		fmt.Printf("\n%d hold, %d do not, %d were not asked.\n", report.Count(conformance.Holds), report.Count(conformance.Fails), report.Count(conformance.NotAsked))
	}
	if c.JUnit != "" {
		err = errors.Join(err, c.writeJUnit(report))
	}
	if err == nil && !report.Holds {
		err = fmt.Errorf("%d of %d lines fail", report.Count(conformance.Fails), len(report.Lines))
	}
	return err
}

func printLine(l conformance.Line) {
	mark := map[conformance.State]string{conformance.Holds: "ok  ", conformance.Fails: "FAIL", conformance.NotAsked: "-   "}[l.State]
	fmt.Printf("%s  %s: %s\n", mark, l.Says, cell(l.Detail))
	if l.State == conformance.Fails {
		fmt.Printf("        Why   %s\n        Mend  %s\n", l.Why, l.Mend)
	}
}

func (c *checkCommand) writeJUnit(report *conformance.Report) (err error) {
	file, err := os.OpenFile(c.JUnit, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("--junit: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return report.WriteJUnit(file)
}
