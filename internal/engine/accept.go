package engine

import (
	"context"

	"github.com/postrider/postrider/internal/chat"
)

// Record stores what happened in an app. When it returns nil all of it is on
// disk, and the windows of those who may have missed something are open.
// Events that come twice, or in another order, do no harm.
func (e *Engine) Record(ctx context.Context, app string, events []chat.Event) error {
	settings, err := e.currentSettings(ctx)
	if err != nil {
		return err
	}
	return e.cfg.Store.Record(ctx, Recording{
		App: app, Events: events, At: e.cfg.Clock(),
		Wait: e.faster(settings.Preferences.Email.Interval()), Speed: e.cfg.Speed, SameWait: !settings.Preferences.Email.Override,
	})
}
