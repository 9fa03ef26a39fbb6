package dashboard

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/gate"
)

const keysPath = Path + "/keys"

// keysView lists the app's API keys.
type keysView struct {
	common
	App, AppID, Region string
	API                string // base of the REST API
	Several            bool   // there can be other apps
	Keys               []keyRow
	Name               field
	Scopes             []scopeChoice
	Full               bool // no more keys can be made
}

type keyRow struct {
	access.Key
	Delete string
}

type scopeChoice struct {
	Scope   access.Scope
	May     string
	Current bool
}

// keyID names a key in addresses; it is of no use as a key.
func keyID(k *access.Key) string { return hex.EncodeToString(k.Hash) }

func (d *dashboard) newKeys(r *http.Request, v *gate.Visitor, name string, scope access.Scope) (keysView, error) {
	view := keysView{
		common: newCommon(r, v), App: d.Engine.App, AppID: d.Engine.AppID, Region: d.Engine.Region, API: d.PublicURL + "/v3",
		Several: d.Engine.Apps != nil,
		Name:    field{Name: "name", Label: "Name", Value: name, Autocomplete: "off", Placeholder: "Chat back end", Hint: "So that you know later who uses it."},
		Scopes: []scopeChoice{
			{access.ScopeFull, "may do everything", scope == access.ScopeFull},
			{access.ScopeAuthOnly, "may create users, and nothing else", scope == access.ScopeAuthOnly},
		},
	}
	keys, err := d.Engine.Keys.List(r.Context(), d.Engine.App)
	if err != nil {
		return view, err
	}
	for _, k := range keys {
		view.Keys = append(view.Keys, keyRow{k, keysPath + "/" + keyID(&k) + "/delete"})
	}
	view.Full = len(keys) >= access.MaxKeys
	return view, nil
}

func (d *dashboard) keys(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view, err := d.newKeys(r, v, "", access.ScopeFull)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "keys", view)
}

// keyView shows a key that was just made, once.
type keyView struct {
	common
	Key   access.Key
	Value field
}

func (d *dashboard) createKey(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	name, scope := strings.TrimSpace(r.PostFormValue("name")), access.Scope(r.PostFormValue("scope"))
	if scope != access.ScopeAuthOnly {
		scope = access.ScopeFull
	}
	problem := ""
	switch {
	case name == "":
		problem = "Enter a name."
	case utf8.RuneCountInString(name) > access.MaxKeyName:
		problem = "The name must not be longer than " + strconv.Itoa(access.MaxKeyName) + " characters."
	}
	if problem == "" {
		key, value, err := d.Engine.Keys.Create(r.Context(), d.Engine.App, name, scope)
		switch {
		case err == nil:
			d.record(r, v, access.ActionCreatedKey, name, string(scope))
			d.show(w, http.StatusOK, "key", keyView{
				common: newCommon(r, v), Key: key,
				Value: field{Name: "key", Label: "API key", Value: value, Hint: "It is shown this once, and kept nowhere. Send it as the header “apikey”."},
			})
			return
		case errors.Is(err, access.ErrKeyName):
			problem = "Another key has that name."
		case errors.Is(err, access.ErrTooManyKeys):
			problem = "There are as many keys as there may be. Delete one first."
		default:
			d.fail(w, r, err)
			return
		}
	}
	view, err := d.newKeys(r, v, name, scope)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view.Name.Problem = problem
	d.show(w, http.StatusUnprocessableEntity, "keys", view)
}

// findKey returns the key that an address names, or access.ErrNoKey.
func (d *dashboard) findKey(r *http.Request) (access.Key, error) {
	keys, err := d.Engine.Keys.List(r.Context(), d.Engine.App)
	for i := range keys {
		if keyID(&keys[i]) == r.PathValue("id") {
			return keys[i], nil
		}
	}
	if err == nil {
		err = access.ErrNoKey
	}
	return access.Key{}, err
}

func (d *dashboard) confirmDeleteKey(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	key, err := d.findKey(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Delete the key “" + key.Name + "”?",
		Text:   "Whoever uses " + key.Mask + " cannot call the API any more.",
		Action: keysPath + "/" + keyID(&key) + "/delete", Button: "Delete the key", Keep: "Keep it", Back: keysPath,
	})
}

func (d *dashboard) deleteKey(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	key, err := d.findKey(r)
	if err == nil {
		err = d.Engine.Keys.Delete(r.Context(), key)
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.record(r, v, access.ActionDeletedKey, key.Name, "")
	then(w, r, keysPath, "deleted")
}
