package load

import (
	"bytes"
	"errors"
	"strconv"
)

var (
	endOfHead     = []byte("\r\n\r\n")
	contentLength = []byte("content-length:")
)

// answer looks at what has come of an HTTP/1.1 response so far. It knows only
// bodies whose length is announced.
func answer(b []byte) (status int, complete bool, err error) {
	end := bytes.Index(b, endOfHead)
	if end < 0 {
		return 0, false, nil
	}
	if len(b) < len("HTTP/1.1 200") {
		return 0, false, errors.New("answer is not HTTP")
	}
	status, err = strconv.Atoi(string(b[9:12]))
	if err != nil {
		return 0, false, errors.New("answer has no status")
	}
	head := b[:end]
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, endOfHead[:2])
		head = rest
		if len(line) < len(contentLength) || !bytes.EqualFold(line[:len(contentLength)], contentLength) {
			continue
		}
		length, err := strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):])))
		if err != nil {
			return 0, false, errors.New("answer has an unusable Content-Length")
		}
		return status, len(b) >= end+len(endOfHead)+length, nil
	}
	return 0, false, errors.New("answer has no Content-Length")
}
