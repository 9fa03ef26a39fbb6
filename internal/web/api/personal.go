package api

import (
	"context"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/provider/address"
)

// Personal keeps what people have set for themselves. User ids are in their
// normal form.
type Personal interface {
	// Preferences returns what somebody has set, or nil.
	Preferences(ctx context.Context, app, uid string) (*chat.Preferences, error)
	// ChangePreferences puts what change makes of somebody's preferences in
	// their place, and returns it. Both may be nil: nothing set. Change may be
	// called again.
	ChangePreferences(
		ctx context.Context, app, uid string, change func(*chat.Preferences) (*chat.Preferences, error),
	) (*chat.Preferences, error)
	// Timezone returns the time zone that somebody has registered, or "".
	Timezone(ctx context.Context, app, uid string) (string, error)
	SetTimezone(ctx context.Context, app, uid, zone string) error
	// Mutes returns mutes that have not ended.
	Mutes(ctx context.Context, app, uid string) ([]chat.Mute, error)
	// Mute replaces the ends of what is muted already.
	Mute(ctx context.Context, app, uid string, mutes []chat.Mute) error
	// Unmute ends mutes, whenever they were to end.
	Unmute(ctx context.Context, app, uid string, mutes []chat.Mute) error
	// Contact returns how to reach somebody, or [address.ErrUnknown].
	Contact(ctx context.Context, app, uid string) (address.Contact, error)
	// ChangeContact sets what is not nil, forgets what is empty, and returns
	// what is known then.
	ChangeContact(ctx context.Context, app, uid string, email, phone *string) (address.Contact, error)
}
