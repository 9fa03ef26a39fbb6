package smtp

import (
	"os"
	"strings"
)

// helloName is what we call ourselves in EHLO (RFC 5321, section 4.1.1.1):
// the configured name, else that of the machine, if it is a domain name.
func helloName(configured string) string {
	name := configured
	if name == "" {
		name, _ = os.Hostname() // without one we are localhost
	}
	// Host names with an underscore are common and no domain names.
	name = strings.ReplaceAll(strings.TrimSuffix(name, "."), "_", "-")
	if !isDomain(name) {
		return "localhost"
	}
	return name
}

// isDomain follows the grammar of RFC 5321, section 4.1.2.
func isDomain(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
			default:
				return false
			}
		}
	}
	return true
}
