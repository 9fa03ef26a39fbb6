package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Limits on what a server may say. RFC 5321, section 4.5.3.1.5 allows 512
// octets a line; the rest is to keep a hostile server from filling memory.
const (
	longestReplyLine = 4096 // octets; the size of the read buffer
	mostReplyLines   = 128
	keptReplyOctets  = 4096
	longestReplyText = 500 // octets, of what is passed on
)

// reply is an answer of the server.
type reply struct {
	code     int
	enhanced string // status code (RFC 3463), or empty
	text     string // all lines joined by a space, printable, at most longestReplyText octets
}

// class is the first digit of the code.
func (r reply) class() int { return r.code / 100 }

func (r reply) refuses() bool { return r.class() == 4 || r.class() == 5 }

// A replyReader reads replies and keeps their text until the next one.
type replyReader struct {
	in   *bufio.Reader // of longestReplyLine octets
	text []byte        // of the last reply, as it came, lines joined by a space
}

// read reads one reply, which may have several lines (RFC 5321, section
// 4.2.1). each, if not nil, is shown the text of every line; it must not keep
// it.
func (r *replyReader) read(each func(line []byte)) (code int, err error) {
	r.text = r.text[:0]
	for n := range mostReplyLines {
		line, err := r.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return 0, fmt.Errorf("the reply has a line of more than %d octets", longestReplyLine)
		}
		if err != nil {
			return 0, err
		}
		c, text, more, ok := parseReplyLine(line)
		if !ok || n > 0 && c != code {
			return 0, fmt.Errorf("not an SMTP reply: %q", printable(bytes.TrimRight(line, "\r\n"), 80))
		}
		code = c
		r.keep(text)
		if each != nil {
			each(text)
		}
		if !more {
			return code, nil
		}
	}
	return 0, fmt.Errorf("the reply has more than %d lines", mostReplyLines)
}

func (r *replyReader) keep(text []byte) {
	if len(r.text) > 0 && len(text) > 0 {
		r.text = append(r.text, ' ')
	}
	r.text = append(r.text, text[:min(len(text), max(0, keptReplyOctets-len(r.text)))]...)
}

// parseReplyLine takes "250-text", "250 text" and "250" apart. A line may end
// in LF alone.
func parseReplyLine(line []byte) (code int, text []byte, more, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) < 3 {
		return 0, nil, false, false
	}
	for _, digit := range line[:3] {
		if digit < '0' || digit > '9' {
			return 0, nil, false, false
		}
		code = 10*code + int(digit-'0')
	}
	if code < 200 || code > 599 {
		return 0, nil, false, false
	}
	if len(line) == 3 {
		return code, nil, false, true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, nil, false, false
	}
	return code, bytes.TrimSpace(line[4:]), line[3] == '-', true
}

// printable is text fit for logs and pages: no control characters, valid
// UTF-8, at most limit octets.
func printable(text []byte, limit int) string {
	clean := make([]byte, 0, min(len(text), limit))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			r = '?'
		}
		if len(clean)+utf8.RuneLen(r) > limit {
			break
		}
		clean = utf8.AppendRune(clean, r)
		text = text[size:]
	}
	return string(clean)
}
