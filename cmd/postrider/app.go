package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/postrider/postrider/internal/daemon"
)

// appFlags are the settings of commands that are about one app's data.
type appFlags struct {
	dataFlags
	App string `placeholder:"ID" help:"The app, by its id; the default one unless set."`
}

// openApp opens the database, and returns the key under which the app's data is
// kept in it.
func (f *appFlags) openApp(ctx context.Context) (data *daemon.Data, key string, err error) {
	if data, err = f.open(ctx); err != nil {
		return nil, "", err
	}
	if key, err = f.key(ctx, data); err != nil {
		return nil, "", errors.Join(err, data.Close())
	}
	return data, key, nil
}

func (f *appFlags) key(ctx context.Context, data *daemon.Data) (string, error) {
	if f.App == "" {
		return daemon.App, nil
	}
	apps, err := data.Store.Apps(ctx)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, app := range apps {
		if strings.EqualFold(app.ID, f.App) {
			return app.Key, nil
		}
		ids = append(ids, app.ID)
	}
	if len(ids) == 0 {
		return "", fmt.Errorf("--app: there is no app %q: there is only the default one, which is meant without --app", f.App)
	}
	return "", fmt.Errorf("--app: there is no app %q, but %s, and the default one, which is meant without --app", f.App, strings.Join(ids, ", "))
}
