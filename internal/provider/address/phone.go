package address

import "strings"

// IsPhone checks the form of E.164: a plus sign and up to 15 digits, the first
// of which is none of the country codes' zeros.
func IsPhone(text string) bool {
	digits, ok := strings.CutPrefix(text, "+")
	return ok && len(digits) >= 2 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}
