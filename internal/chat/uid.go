package chat

import "strings"

// MaxUIDLength is the most characters a user id or group id may have (F106).
const MaxUIDLength = 100

// NormalizeUID returns the form under which a user id or group id is stored
// and compared: ids are forced to lower case (F106).
func NormalizeUID(id string) string { return strings.ToLower(id) }
