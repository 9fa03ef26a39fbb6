package mailbox

import (
	"context"
	"strings"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// findBatch is how many mails are read at a time to find those to one
// recipient: the store keeps a thousand in all and has no index for them.
const findBatch = 200

// find lists up to limit mails, newest first, that are older than the mail
// before and, unless to is empty, to that recipient. next is where the list
// goes on; it is empty at the end.
func (m *mailbox) find(ctx context.Context, to, before string, limit int) (mails []gateway.Mail, next string, err error) {
	batch := limit + 1 // one more tells whether there are more
	if to != "" {
		batch = findBatch
	}
	for {
		read, err := m.Store.Mails(ctx, before, batch)
		if err != nil {
			return nil, "", err
		}
		for _, mail := range read {
			if to != "" && !strings.EqualFold(mail.To, to) {
				continue
			}
			if len(mails) == limit {
				return mails, mails[limit-1].ID, nil
			}
			mails = append(mails, mail)
		}
		if len(read) < batch {
			return mails, "", nil
		}
		before = read[len(read)-1].ID
	}
}
