package main

import (
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/postrider/postrider/internal/daemon"
)

const variablePrefix = "POSTRIDER_"

type configCommand struct {
	daemon.Settings
	JSON bool `name:"json" help:"Print JSON."`
}

// setting is one line of the configuration.
type setting struct {
	Variable string `json:"variable"`
	Flag     string `json:"flag"`
	Value    string `json:"value"`
	Source   string `json:"source"` // flag, environment or default
	Help     string `json:"help"`
}

// Run implements the command config.
func (c *configCommand) Run(kctx *kong.Context) error {
	var settings []setting
	for _, flag := range kctx.Selected().Flags {
		if len(flag.Envs) == 0 {
			continue
		}
		settings = append(settings, setting{
			Variable: flag.Envs[0], Flag: "--" + flag.Name, Value: settingValue(flag.Target), Source: source(kctx, flag), Help: flag.Help,
		})
	}
	if c.JSON {
		return printJSON(settings)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VARIABLE\tVALUE\tFROM")
	for _, s := range settings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Variable, dash(s.Value), s.Source)
	}
	return table.Flush()
}

func source(kctx *kong.Context, flag *kong.Flag) string {
	for _, element := range kctx.Path {
		if element.Flag != nil && element.Flag.Name == flag.Name {
			return "flag"
		}
	}
	if _, ok := os.LookupEnv(flag.Envs[0]); ok {
		return "environment"
	}
	return "default"
}

// settingValue formats a value as it is written in the environment. Types of
// secrets format themselves masked.
func settingValue(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice {
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = fmt.Sprint(v.Index(i).Interface())
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v.Interface())
}

// warnUnknownVariables points out what looks like a setting but is none. It
// does not refuse: orchestrators put variables of their own there.
func warnUnknownVariables(logger *slog.Logger) {
	known, err := variables()
	if err != nil {
		logger.Warn("list the known settings", "error", err)
		return
	}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, variablePrefix) && !slices.Contains(known, name) {
			logger.Warn("unknown setting ignored", "variable", name)
		}
	}
}

// emptyIsMeant names the one setting whose empty value says something.
const emptyIsMeant = "POSTRIDER_METRICS_LISTEN"

// dropEmptyVariables makes an empty setting one that is not set: container
// files pass on variables that nobody gave a value.
func dropEmptyVariables() error {
	known, err := variables()
	if err != nil {
		return err
	}
	for _, name := range known {
		if value, ok := os.LookupEnv(name); !ok || value != "" || name == emptyIsMeant {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("drop empty %s: %w", name, err)
		}
	}
	return nil
}

// variables lists the environment variables that any command reads.
func variables() ([]string, error) {
	parser, err := kong.New(&commands{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, command := range parser.Model.Leaves(false) {
		for _, flag := range command.Flags {
			names = append(names, flag.Envs...)
		}
	}
	return names, nil
}
