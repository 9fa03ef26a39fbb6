package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/gate"
)

// note writes to the audit log what was done. It is done: that it could not be
// noted is for the log.
func (a *api) note(ctx context.Context, r *request, action access.Action) {
	if a.Record == nil {
		return
	}
	by := access.Actor{Account: r.key.Caller(), Address: gate.Address(r.http)}
	if err := a.Record(ctx, r.app, by, action, r.subject, r.detail); err != nil {
		a.Logger.Error("write the audit log", "account", by.Account, "action", action, "subject", r.subject, "error", err)
	}
}

// changed names the fields in which two values differ, as JSON: names alone, for
// they may be secrets.
func changed(before, after any) (string, error) {
	old, err := leaves(before)
	if err != nil {
		return "", err
	}
	now, err := leaves(after)
	if err != nil {
		return "", err
	}
	names := make(map[string]bool)
	for name, value := range now {
		if other, ok := old[name]; !ok || other != value {
			names[name] = true
		}
	}
	for name := range old {
		if _, ok := now[name]; !ok {
			names[name] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", "), nil
}

// leaves are what a value says, by the path of names. Lists count as one.
func leaves(value any) (map[string]string, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write down what is there: %w", err)
	}
	all := make(map[string]string)
	var walk func(path string, body json.RawMessage)
	walk = func(path string, body json.RawMessage) {
		var object map[string]json.RawMessage
		if json.Unmarshal(body, &object) != nil || object == nil {
			all[path] = string(body)
			return
		}
		for name, part := range object {
			if path != "" {
				name = path + "." + name
			}
			walk(name, part)
		}
	}
	walk("", body)
	return all, nil
}
