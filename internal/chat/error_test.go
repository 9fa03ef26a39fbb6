package chat_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/postrider/postrider/internal/chat"
)

func TestErrorsTellTheirCause(t *testing.T) {
	t.Parallel()
	err := error(&chat.Error{Code: chat.CodeUIDNotFound, Message: "no such person", Err: io.EOF})
	if !errors.Is(err, io.EOF) || err.Error() != "no such person: EOF" {
		t.Error(err)
	}
	if err := (&chat.Error{Message: "no such person"}); err.Error() != "no such person" || errors.Unwrap(err) != nil {
		t.Error(err)
	}
}

func TestBadRequestNamesItsField(t *testing.T) {
	t.Parallel()
	if got := wrong(t, chat.BadRequest("until", "The until must lie in the future.")); !slices.Equal(got, []string{"until"}) {
		t.Error(got)
	}
}
