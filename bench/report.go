package main

import (
	"path/filepath"

	"github.com/postrider/postrider/bench/internal/report"
)

type reportCommand struct {
	Out string `default:"docs" help:"Directory of the report and of benchmarks.json."`
}

// Run writes the report from the numbers beside it, with the texts of today.
func (c *reportCommand) Run() error {
	results, err := report.Load(filepath.Join(c.Out, report.DataFile))
	if err != nil {
		return err
	}
	return report.Write(c.Out, results)
}
