package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run implements the command version.
func (c *versionCommand) Run() error {
	facts := buildFacts()
	if c.JSON {
		return printJSON(facts)
	}
	fmt.Printf("postrider %s (%s, %s)\n", facts.Version, facts.Go, facts.Platform)
	if facts.Revision != "" {
		fmt.Printf("revision %s of %s\n", facts.Revision, facts.Time)
	}
	return nil
}

// facts are what is known of how the program was built.
type facts struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildFacts() facts {
	facts := facts{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			facts.Version = info.Main.Version
		}
		for _, setting := range info.Settings {
			switch setting.Key {
			case "vcs.revision":
				facts.Revision = setting.Value
			case "vcs.time":
				facts.Time = setting.Value
			case "vcs.modified":
				facts.Modified = setting.Value == "true"
			}
		}
	}
	return facts
}
