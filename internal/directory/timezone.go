package directory

import "time"

// IsTimezone reports whether a time zone can be loaded, everywhere: Local, and what
// begins with a small letter in a system's folder, is of one machine.
func IsTimezone(name string) bool {
	if name == "" || name == "Local" || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
