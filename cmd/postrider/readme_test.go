package main

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestREADMEListsEverySetting compares the table of settings with the
// settings.
func TestREADMEListsEverySetting(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	documented, settings := make(map[string]string), make(map[string]bool)
	for line := range strings.SplitSeq(string(readme), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "POSTRIDER_") {
			continue
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			documented[strings.Trim(name, " `")] = cells[2]
		}
	}
	for _, command := range parser.Model.Leaves(false) {
		for _, flag := range command.Flags {
			if len(flag.Envs) == 0 {
				continue
			}
			name := flag.Envs[0]
			written, ok := documented[name]
			switch {
			case !ok:
				t.Errorf("%s is not in the README's table", name)
			case command.Name == "serve" && flag.Default != "" && !strings.Contains(written, flag.Default):
				t.Errorf("%s: the README says %s, the default is %q", name, written, flag.Default)
			}
			if want := "POSTRIDER_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_")); name != want {
				t.Errorf("--%s is set by %s, not by %s", flag.Name, name, want)
			}
			settings[name] = true
		}
	}
	for name := range documented {
		if !settings[name] {
			t.Errorf("%s is in the README's table but is no setting", name)
		}
	}
}
