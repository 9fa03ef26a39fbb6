//go:build unix

package smtp

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// isAlive reports whether nothing speaks against the connection: the other
// side has neither closed it nor said anything unasked. It does not wait.
func (c *conn) isAlive() bool {
	tcp, ok := c.tcp.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		quiet = err == unix.EAGAIN
	})
	return err == nil && quiet
}
