package e2e_test

import "syscall"

// childAttributes make a process end with the tests, however they end.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
