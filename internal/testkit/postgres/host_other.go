//go:build unix && !linux

package postgres

import "syscall"

// childAttributes put a program into a process group of its own: the
// terminal's ^C is for the test, which stops the server then. Elsewhere than
// on Linux nothing ends the server if the test is killed, and root is not
// provided for.
func childAttributes() (*syscall.SysProcAttr, error) {
	return &syscall.SysProcAttr{Setpgid: true}, nil
}

func memoryDirectory() string { return "" }
