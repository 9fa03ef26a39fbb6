package mailbox

import (
	"context"
	"net/url"
	"strings"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// search is what somebody looks for in the mailbox.
type search struct {
	Q  string // as it was typed; see gateway.ParseQuery
	To string // a complete address, from links and programs of before
}

func searchOf(query url.Values) search {
	return search{Q: strings.TrimSpace(query.Get("q")), To: strings.TrimSpace(query.Get("to"))}
}

// Given says that something in particular is looked for.
func (s search) Given() bool { return s.Q != "" || s.To != "" }

func (s search) query() gateway.Query {
	return gateway.Query{Terms: gateway.ParseQuery(s.Q), To: s.To}
}

// values returns the parameters of an address that looks for the same.
func (s search) values() url.Values {
	values := make(url.Values)
	if s.Q != "" {
		values.Set("q", s.Q)
	}
	if s.To != "" {
		values.Set("to", s.To)
	}
	return values
}

// find lists up to limit mails that a query wants. next is where the list goes
// on; it is empty at the end.
func (m *mailbox) find(ctx context.Context, q gateway.Query, limit int) (mails []gateway.Mail, next string, err error) {
	mails, err = m.Store.Mails(ctx, q, limit+1) // one more tells whether there are more
	if err != nil || len(mails) <= limit {
		return mails, "", err
	}
	return mails[:limit], mails[limit-1].ID, nil
}
