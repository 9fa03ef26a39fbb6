//go:build unix && !linux

package proc

import (
	"errors"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// UseCores fails: measuring needs Linux.
func UseCores(int) error { return errors.New("the benchmarks read /proc and need Linux") }
