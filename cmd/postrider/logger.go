package main

import (
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/postrider/postrider/internal/daemon"
)

// newLogger returns the program's logger: on stderr, for people on a terminal
// and for machines elsewhere.
func newLogger(settings daemon.Logging) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(settings.LogLevel)); err != nil {
		level = slog.LevelInfo // the parser lets only known levels through
	}
	options := &slog.HandlerOptions{Level: level}
	format := settings.LogFormat
	if format == "" && term.IsTerminal(int(os.Stderr.Fd())) {
		format = "text"
	}
	if format == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, options))
}
