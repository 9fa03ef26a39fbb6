package smtp

import (
	"bytes"
	"encoding/binary"
)

// endOfData is what ends content after DATA.
const endOfData = ".\r\n"

// appendContent appends a mail's content with every line ended by CR LF, and
// returns how many octets that is without added dots, as SIZE wants it (RFC
// 1870). For DATA, where a lone dot ends it all, stuffed doubles a dot at the
// beginning of a line (RFC 5321, section 4.5.2).
//
// Bare CR and bare LF count as line ends: passed on as they are they mean a
// line end to some servers only, which is how mails are smuggled.
func appendContent(dst, data []byte, stuffed bool) (wire []byte, size int) {
	begin, dots := len(dst), 0
	line := func(text []byte) {
		if stuffed && len(text) > 0 && text[0] == '.' {
			dst = append(dst, '.')
			dots++
		}
		dst = append(dst, text...)
		dst = append(dst, '\r', '\n')
	}
	for len(data) > 0 {
		text, rest, ended := bytes.Cut(data, []byte{'\n'})
		data = rest
		if ended {
			text = bytes.TrimSuffix(text, []byte{'\r'})
		}
		for {
			before, after, bareCR := bytes.Cut(text, []byte{'\r'})
			if !bareCR {
				break
			}
			line(before)
			text = after
		}
		if ended || len(text) > 0 {
			line(text)
		}
	}
	return dst, len(dst) - begin - dots
}

// header is the part of a mail's content before the first empty line.
func header(content []byte) []byte {
	if bytes.HasPrefix(content, []byte("\r\n")) {
		return nil
	}
	before, _, _ := bytes.Cut(content, []byte("\r\n\r\n"))
	return before
}

// is8Bit reports whether any octet has its highest bit set.
func is8Bit(data []byte) bool {
	const high = 0x8080808080808080
	for ; len(data) >= 8; data = data[8:] {
		if binary.NativeEndian.Uint64(data)&high != 0 {
			return true
		}
	}
	for _, c := range data {
		if c >= 0x80 {
			return true
		}
	}
	return false
}
