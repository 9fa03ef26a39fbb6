package proc

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes put a program into a process group of its own (the terminal's ^C
// is for us, who stop it then), and make it end with us.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// UseCores confines this process, and all that it starts, to so many cores. On
// a machine that has more it starts this program again, for Go counts them
// only once.
func UseCores(n int) error {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return fmt.Errorf("cores: %w", err)
	}
	if allowed.Count() <= n {
		return nil
	}
	var few unix.CPUSet
	for i := 0; few.Count() < n; i++ {
		if allowed.IsSet(i) {
			few.Set(i)
		}
	}
	runtime.LockOSThread() // the one thread that execve leaves
	if err := unix.SchedSetaffinity(0, &few); err != nil {
		return fmt.Errorf("confine to %d cores: %w", n, err)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("start again on %d cores: %w", n, err)
	}
	return fmt.Errorf("start again on %d cores: %w", n, syscall.Exec(self, os.Args, os.Environ()))
}
