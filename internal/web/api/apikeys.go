package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
)

// keyView is an API key as callers see it. APIKey is the whole key once, when
// it is made, and a mask afterwards.
type keyView struct {
	APIKey    string       `json:"apiKey"`
	Name      string       `json:"name"`
	Scope     access.Scope `json:"scope" enum:"fullAccess,authOnly"`
	CreatedAt int64        `json:"createdAt" doc:"UNIX seconds."`
}

func viewKey(key *access.Key) keyView {
	return keyView{key.Mask, key.Name, key.Scope, key.CreatedAt.Unix()}
}

// keyBody is what callers say of a key.
type keyBody struct {
	Name  string       `json:"name,omitempty" maxLength:"100"`
	Scope access.Scope `json:"scope,omitempty" enum:"fullAccess,authOnly"`
}

// apiKeys are the operations on keys (F101).
func (a *api) apiKeys() []operation {
	const tag, one = "API keys", "/apikeys/{apiKey}"
	const about = "Keys are named by their value or, where that is lost, by the mask that the list shows."
	return []operation{
		{
			id: "createApiKey", action: access.ActionCreatedKey, method: http.MethodPost, path: "/apikeys", tag: tag,
			summary: "Make an API key", about: "The answer alone shows the key; what is kept is a hash. Scope: authOnly unless it is given.",
			body: keyBody{}, data: keyView{}, refusals: []string{codeQuota}, do: a.createKey,
		},
		{
			id: "listApiKeys", method: http.MethodGet, path: "/apikeys", tag: tag, summary: "List API keys",
			query: append(pagingQuery(),
				parameter{name: "scope", kind: kindText, about: "Only keys of this scope."},
				parameter{name: "searchKey", kind: kindText, about: "Only keys whose name contains this."}),
			data: []keyView{}, meta: listMeta{}, do: a.listKeys,
		},
		{
			id: "getApiKey", method: http.MethodGet, path: one, tag: tag, summary: "Show an API key", about: about,
			data: keyView{}, refusals: []string{codeKeyNotFound},
			do: func(ctx context.Context, r *request) (any, error) {
				key, err := a.findKey(ctx, r)
				return viewKey(&key), err
			},
		},
		{
			id: "updateApiKey", action: access.ActionChangedKey, method: http.MethodPut, path: one, tag: tag, summary: "Rename an API key, or give it another scope",
			about: about + " A key cannot change itself.",
			body:  keyBody{}, data: keyView{}, refusals: []string{codeKeyNotFound, codeKeySelf}, do: a.updateKey,
		},
		{
			id: "deleteApiKey", action: access.ActionDeletedKey, method: http.MethodDelete, path: one, tag: tag, summary: "Delete an API key",
			about: about + " A key cannot delete itself, and one with full access always remains.",
			data:  said{}, refusals: []string{codeKeyNotFound, codeKeySelf}, do: a.deleteKey,
		},
	}
}

func (a *api) createKey(ctx context.Context, r *request) (any, error) {
	f := r.fields()
	f.require("name")
	name, _ := f.text("name", access.MaxKeyName)
	scope := string(access.ScopeAuthOnly)
	if given, ok := f.scope(); ok {
		scope = given
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	key, value, err := a.Keys.Create(ctx, r.app, name, access.Scope(scope))
	if err != nil {
		return nil, keyRefusal(err)
	}
	r.subject, r.detail = key.Name, string(key.Scope)
	view := viewKey(&key)
	view.APIKey = value
	return view, nil
}

func (f *fields) scope() (string, bool) {
	return f.choice("scope", string(access.ScopeFull), string(access.ScopeAuthOnly))
}

func (a *api) listKeys(ctx context.Context, r *request) (any, error) {
	p, err := r.paging()
	if err != nil {
		return nil, err
	}
	keys, err := a.Keys.List(ctx, r.app)
	if err != nil {
		return nil, err
	}
	search, scope := strings.ToLower(r.query("searchKey")), access.Scope(r.query("scope"))
	views := []keyView{}
	for i := range keys {
		if strings.Contains(strings.ToLower(keys[i].Name), search) && (scope == "" || scope == keys[i].Scope) {
			views = append(views, viewKey(&keys[i]))
		}
	}
	from := min(p.offset(), len(views))
	part := views[from:min(from+p.perPage, len(views))]
	return listing{part, p.meta(len(part), len(views))}, nil
}

// findKey finds the key of the path.
func (a *api) findKey(ctx context.Context, r *request) (access.Key, error) {
	value := r.http.PathValue("apiKey")
	key, err := a.Keys.Find(ctx, r.app, value)
	if errors.Is(err, access.ErrNoKey) {
		return key, refusal(codeKeyNotFound, "The apiKey %s does not exist.", access.MaskKey(value))
	}
	return key, err
}

// findOtherKey finds the key of the path, unless it is the caller's.
func (a *api) findOtherKey(ctx context.Context, r *request) (access.Key, error) {
	key, err := a.findKey(ctx, r)
	if err == nil && bytes.Equal(key.Hash, r.key.Hash) {
		err = refusal(codeKeySelf, "The apiKey %s cannot change or delete itself.", key.Mask)
	}
	return key, err
}

func (a *api) updateKey(ctx context.Context, r *request) (any, error) {
	key, err := a.findOtherKey(ctx, r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.filled("name", "scope")
	if name, ok := f.text("name", access.MaxKeyName); ok {
		key.Name = name
	}
	if scope, ok := f.scope(); ok {
		key.Scope = access.Scope(scope)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if err := a.Keys.Change(ctx, key, key.Name, key.Scope); err != nil {
		return nil, keyRefusal(err)
	}
	r.subject, r.detail = key.Name, string(key.Scope)
	return viewKey(&key), nil
}

func (a *api) deleteKey(ctx context.Context, r *request) (any, error) {
	key, err := a.findOtherKey(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := a.Keys.Delete(ctx, key); err != nil {
		return nil, keyRefusal(err)
	}
	r.subject = key.Name
	return said{true, "The Api Key " + key.Mask + " has been deleted successfully."}, nil
}

// keyRefusal says to callers why a key cannot be made, changed or deleted.
func keyRefusal(err error) error {
	switch {
	case errors.Is(err, access.ErrKeyName):
		return chat.BadRequest("name", "The name has already been taken.")
	case errors.Is(err, access.ErrLastKey):
		return chat.BadRequest("apiKey", "The apiKey is the last one with full access.")
	case errors.Is(err, access.ErrTooManyKeys):
		return refusal(codeQuota, "An app may have at most %d API keys.", access.MaxKeys)
	case errors.Is(err, access.ErrNoKey):
		return refusal(codeKeyNotFound, "The apiKey does not exist.")
	}
	return err
}
