package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// serveWith serves on an address, with control over it on another, until ctx
// ends.
func serveWith(ctx context.Context, address string, serve func(net.Listener) error, controlled string, control http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	controller := &http.Server{Addr: controlled, Handler: control, ReadHeaderTimeout: time.Minute}
	var servers errgroup.Group
	servers.Go(func() error { return serve(listener) })
	servers.Go(func() error {
		if err := controller.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("listen for control: %w", err)
		}
		return nil
	})
	stop := context.AfterFunc(ctx, func() {
		_ = listener.Close()
		_ = controller.Close()
	})
	defer stop()
	return servers.Wait()
}

// rawLoop is what is measured of a loop that sends one thing ready-made.
type rawLoop struct {
	Warmup time.Duration `default:"1s" help:"Not measured."`
	Window time.Duration `default:"5s" help:"Measured."`
}

// measure sends what is in a file, and prints how much a second was taken.
func (l *rawLoop) measure(file string, send func(content []byte, d time.Duration) (int64, error)) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read what is to be sent: %w", err)
	}
	if _, err := send(content, l.Warmup); err != nil {
		return err
	}
	begun := time.Now()
	taken, err := send(content, l.Window)
	if err != nil {
		return err
	}
	_, err = fmt.Println(float64(taken) / time.Since(begun).Seconds())
	return err
}
