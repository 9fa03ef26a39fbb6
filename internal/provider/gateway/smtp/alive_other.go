//go:build !unix

package smtp

// isAlive is not known here.
func (c *conn) isAlive() bool { return false }
