package engine

import (
	"context"

	"github.com/postrider/postrider/internal/engine/digest"
)

// Facts returns what the digest of a call is made of, as it is known now. ok is
// false if the app has no such call, or nothing is left of its messages.
func (e *Engine) Facts(ctx context.Context, delivery string) (f *digest.Facts, ok bool, err error) {
	j, err := e.recentJudge(ctx)
	if err != nil {
		return nil, false, err
	}
	c, ok, err := e.cfg.Store.Case(ctx, delivery, j)
	if err != nil || !ok || c.App != e.cfg.App || len(c.Messages) == 0 {
		return nil, false, err
	}
	numbers := make([]int64, len(c.Messages))
	for i := range c.Messages {
		numbers[i] = c.Messages[i].Number
	}
	return j.digestOf(c, numbers), true, nil
}
