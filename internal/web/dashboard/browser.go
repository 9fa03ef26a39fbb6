package dashboard

import "strings"

// browserOf says in two words what a browser says of itself at length: enough
// to recognise one's own.
func browserOf(agent string) string {
	if agent == "" {
		return "Unknown browser"
	}
	pick := func(names [][2]string, other string) string {
		for _, name := range names {
			if strings.Contains(agent, name[0]) {
				return name[1]
			}
		}
		return other
	}
	// Most claim to be others as well: the one that says it alone comes first.
	browser := pick([][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"HeadlessChrome/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}, "")
	system := pick([][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}, "")
	switch {
	case browser == "":
		name, _, _ := strings.Cut(agent, " ")
		return name
	case system == "":
		return browser
	}
	return browser + " on " + system
}
