package postgres

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// childAttributes make a program run as somebody who is not root, in a process
// group of its own (the terminal's ^C is for the test, which stops the server
// then), and end with this process.
func childAttributes() (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	account, err := user.Lookup(superuser)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user id of %s: %w", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group id of %s: %w", account.Username, err)
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, nil
}

// enoughMemory is the free space below which the data do not go into memory:
// a database of a test takes 8 MB, a container's /dev/shm has 64 MB by default.
const enoughMemory = 1 << 30

// memoryDirectory returns a directory that is kept in memory, or "". There
// making and dropping databases is several times faster.
func memoryDirectory() string {
	const directory = "/dev/shm"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(directory, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < enoughMemory {
		return ""
	}
	return directory
}
