package render

import (
	"hash/fnv"
	"net/url"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// picture is an image, and what stands for it where it is not shown.
type picture struct {
	URL      string
	Initials string
	Color    string
	Square   bool // of a group; people are round
}

func newPicture(address, name, imageBase string) picture {
	p := picture{Initials: initials(name), Color: color(name)}
	if address == "" || len(address) > maxURL {
		return p
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return p
	}
	if u.Scheme == "https" || imageBase != "" && strings.HasPrefix(address, imageBase+"/") {
		p.URL = u.String()
	}
	return p
}

// color returns a background on which white letters have a contrast of at
// least 4.5 to 1: always the same for one name.
func color(name string) string {
	palette := [...]string{"#3056a0", "#7a3b8f", "#a33b3b", "#8a5300", "#2d6a3e", "#1f6a75", "#5a5a5a", "#9c2f6b"}
	h := fnv.New32a()
	h.Write([]byte(name))
	return palette[h.Sum32()%uint32(len(palette))]
}

// maxInitial is the most bytes that one initial may have: marks that are piled
// on it would hide what stands around it.
const maxInitial = 24

// initials returns the first letters of the first and last word, else the
// first thing that can be seen.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	switch len(words) {
	case 0:
		for rest, state := name, -1; rest != ""; {
			var cluster string
			if cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state); !isBlank(cluster) && len(cluster) <= maxInitial {
				return cluster
			}
		}
		return "?"
	case 1:
		return initial(words[0])
	default:
		return initial(words[0]) + initial(words[len(words)-1])
	}
}

func initial(word string) string {
	if word[0] < 0x80 && (len(word) == 1 || word[1] < 0x80) {
		return strings.ToUpper(word[:1])
	}
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(word, -1)
	if len(cluster) > maxInitial {
		return ""
	}
	return strings.ToUpper(cluster)
}
