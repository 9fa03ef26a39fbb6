package engine

import (
	"context"
	"slices"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/digest"
	"github.com/postrider/postrider/internal/outbox"
)

// Recording is what happened in one app, to be stored.
type Recording struct {
	App    string
	Events []chat.Event
	At     time.Time
	// Wait is how long a window that is opened now waits, for people who have
	// not set a wait of their own. Speed divides theirs.
	Wait  time.Duration
	Speed float64
	// SameWait says that waits of their own do not count (F025).
	SameWait bool
}

// Store keeps what the engine knows. Its methods may be called concurrently,
// by several processes too where the database is shared.
type Store interface {
	// Record stores events, and opens the windows of those who may have missed
	// a message. It returns only after all of it is on disk; recorded twice,
	// events do no harm.
	Record(ctx context.Context, r Recording) error
	// FanOut opens windows for the next members of large groups whose turn has
	// not come yet. It reports whether there may be more to do.
	FanOut(ctx context.Context, app string) (more bool, err error)
	// NextWindow returns when the next window is due, or the zero time when
	// none is open.
	NextWindow(ctx context.Context, app string) (time.Time, error)
	// Decide takes up to limit windows that are due, has them judged, and
	// carries the verdicts out in one transaction: nobody else decides the
	// same windows, and one in whose conversation something arrives meanwhile
	// stays for the next time. The judge may be asked twice about the same
	// window. As many calls as there is room for are stored as in hand, and
	// returned; others as pending.
	Decide(ctx context.Context, app string, judge Judge, limit int, hand outbox.Hand) (Decided, error)
	// Case reads anew what the decision about a digest rests on, for the
	// messages that are in it. ok is false where nothing is known of it any
	// more.
	Case(ctx context.Context, deliveryID string, judge Judge) (c *Case, ok bool, err error)
}

// Judge decides windows. It does no I/O.
type Judge interface {
	// WantsGroupSize says whether groups have to be counted.
	WantsGroupSize() bool
	// Day returns the recipient's local day, by which quotas are counted.
	Day(c *Case) int64
	// Judge says what becomes of a window.
	Judge(c *Case) Verdict
	// Compose makes the calls of a verdict that sends. The case now has the
	// bodies of the newest messages that the verdict named.
	Compose(c *Case, v *Verdict) ([]Call, error)
}

// Decided counts what became of windows.
type Decided struct {
	Windows int // that were taken
	Calls   int // that were handed to the outbox
	// InHand are those of the calls that were stored as in hand.
	InHand  []outbox.Claimed
	Skipped map[chat.Reason]int
	Waiting map[chat.Reason]int
	// Problems are why digests could not be made; their windows were put off.
	Problems []error
}

// Window says that somebody has not been mailed about what came after a
// message of a conversation.
type Window struct {
	UID          string
	Conversation chat.Conversation
	After        int64
	OpenedAt     time.Time
	DueAt        time.Time
	// WaitsFor is why it was put off when it was due before.
	WaitsFor chat.Reason
}

// Case is a window and everything that is known about it.
type Case struct {
	Window
	App         string
	Now         time.Time
	Person      *chat.User // nil: not in the directory
	Preferences *chat.Preferences
	Timezone    string // empty: none registered
	Email       string // empty: none stored
	MutedUntil  time.Time
	Mark        chat.Mark
	// Member, Since and Joined are about groups: whether the person is in it, the
	// number of the last message before they came, and when they came, where the
	// chat said so.
	Member    bool
	Since     int64
	Joined    time.Time
	GroupSize int         // 0 unless the judge wants it
	Group     *chat.Group // nil for one-on-one, or when nothing is known
	// Messages are those numbered above After, in the order in which they came,
	// whatever their state. They are shared with other cases: not to be changed.
	Messages []Missed
	// Blocks are the times in which the person and somebody else wanted to
	// hear nothing of each other, by the other's id.
	Blocks map[string][]Span
	// SentToday and SentTodayHere count the mails of the person's local day.
	SentToday, SentTodayHere int
	// BusyUntil is when an earlier call for the same person and conversation
	// is tried next; zero when none is open.
	BusyUntil time.Time
	// Users are the people named in it, as far as they are known.
	Users map[string]*chat.User
}

// ShownMessages is how many messages a payload shows at the most.
const ShownMessages = digest.MaxMessages

// Shown returns the messages of these numbers, which ascend, that a payload shows:
// the newest by when they were sent, oldest first. They may have come in another
// order.
func (c *Case) Shown(numbers []int64) []*Missed {
	shown := make([]*Missed, 0, len(numbers))
	for i := range c.Messages {
		m := &c.Messages[i]
		if len(numbers) > 0 && m.Number == numbers[0] {
			shown, numbers = append(shown, m), numbers[1:]
		}
	}
	slices.SortStableFunc(shown, func(a, b *Missed) int { return a.SentAt.Compare(b.SentAt) })
	return shown[max(0, len(shown)-ShownMessages):]
}

// Missed is a message that somebody may have missed.
type Missed struct {
	Number      int64
	ID          string
	Sender      string
	Kind        chat.Kind
	Category    chat.Category
	Type        string
	State       chat.MessageState
	Mentions    []string
	MentionsAll bool
	SentAt      time.Time
	ArrivedAt   time.Time
	// Body is the message object, empty unless it was read: see Judge.Compose.
	Body []byte
}

// Span is a time; Until is zero while it lasts.
type Span struct{ From, Until time.Time }

// Holds reports whether a moment is in the span.
func (s Span) Holds(t time.Time) bool {
	return !t.Before(s.From) && (s.Until.IsZero() || t.Before(s.Until))
}

// Verdict is what becomes of a window.
type Verdict struct {
	// Wait puts the window off until then.
	Wait   time.Time
	Reason chat.Reason // of the wait
	// Send are the numbers of the messages of the digest, ascending.
	Send []int64
	// To are the providers that are called.
	To      []string
	Skipped []Skip
	// MaxPerDay and MaxHere are the quotas that the digest must fit in.
	MaxPerDay, MaxHere int
	// Evidence is what the verdict rests on, for the log; see
	// rule.DecodeEvidence. A window that waits has none.
	Evidence []byte
	// Again is when the window is due again, should it have to stay open.
	Again time.Time
}

// Skip is what is not told, and why.
type Skip struct {
	Reason   chat.Reason
	Detail   string
	Messages []int64
	Provider string // where only one of them is not called
}

// Call is one call to one provider.
type Call struct {
	Provider string
	Payload  []byte
}
