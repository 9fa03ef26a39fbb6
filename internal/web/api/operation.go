package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/web/answer"
)

// operation is one thing that callers can do: a method of a path.
type operation struct {
	id      string // of the document, such as "updateSettings"
	method  string
	path    string // below /v3, as of http.ServeMux
	tag     string // chapter of the document
	summary string
	about   string // what the summary leaves out

	core     bool  // counts against the smaller rate limit (F105)
	authOnly bool  // keys of that scope may call it too
	limit    int64 // of the body, in bytes; 0: maxBody
	actor    actor
	query    []parameter

	// body, data and meta are values of the types that the document shows: of
	// the body that callers send, of the answer's data, and of its meta. nil:
	// there is none.
	body, data, meta any
	// refusals are codes of errors beyond those that every operation has.
	refusals []string

	// action, if set, is noted in the audit log once it is done, unless do says
	// that nothing has changed.
	action access.Action

	// do does it. It returns the answer's data, or a [listing].
	do func(ctx context.Context, r *request) (any, error)
}

// actor says whether an operation is done in somebody's name (F102).
type actor int

const (
	actorNone     actor = iota
	actorOptional       // onBehalfOf may name somebody
	actorHeader         // onBehalfOf must
	actorQuery          // the query's uid must
)

// parameter is one of a query.
type parameter struct {
	name  string
	about string
	kind  kind
	enum  []string
}

// kind is the type of a parameter.
type kind string

const (
	kindText   kind = "string"
	kindNumber kind = "integer"
	kindBool   kind = "boolean"
)

// listing is the answer of an operation that lists.
type listing struct{ data, meta any }

// envelope is what every answer is wrapped in.
type envelope struct {
	Data any `json:"data"`
	Meta any `json:"meta,omitempty"`
}

// success is the data of an answer that has nothing else to say.
type success struct {
	Success bool `json:"success"`
}

// said is the data of an answer that says what was done.
type said struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// Bounds of bodies in bytes.
const (
	maxBody      = 10 << 10
	maxLargeBody = 256 << 10 // members and settings
)

// serve does an operation for whoever calls.
func (a *api) serve(op *operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		result, err := a.answer(w, r, op)
		if err != nil {
			a.refuse(w, r, op.id, err)
			return
		}
		if list, ok := result.(listing); ok {
			answer.JSON(w, http.StatusOK, envelope{list.data, list.meta})
			return
		}
		answer.JSON(w, http.StatusOK, envelope{Data: result})
	})
}

func (a *api) answer(w http.ResponseWriter, r *http.Request, op *operation) (any, error) {
	key, err := a.authenticate(r)
	if !a.limiter.allow(w.Header(), key.App, op.core) {
		return nil, refusal(codeTooMany, "Too many requests. Please try again after some time.")
	}
	if err != nil {
		return nil, err
	}
	if key.Scope != access.ScopeFull && !op.authOnly {
		return nil, refusal(codeNoAccess, "The apiKey %s does not have access to this operation.", key.Mask)
	}
	req := &request{http: r, app: key.App, key: key}
	if err := req.read(w, op); err != nil {
		return nil, err
	}
	if err := a.findActor(r.Context(), req, op.actor); err != nil {
		return nil, err
	}
	result, err := op.do(r.Context(), req)
	if err == nil && op.action != "" && !req.idle {
		a.note(r.Context(), req, op.action)
	}
	return result, err
}

// findActor finds in whose name a request is made. The header and the query's
// uid say the same (C12).
func (a *api) findActor(ctx context.Context, r *request, want actor) error {
	if want == actorNone {
		return nil
	}
	header, query := strings.TrimSpace(r.http.Header.Get("onBehalfOf")), strings.TrimSpace(r.query("uid"))
	uid := header
	switch {
	case want == actorOptional:
	case header != "" && query != "" && chat.NormalizeUID(header) != chat.NormalizeUID(query):
		return chat.BadRequest("onBehalfOf", "The onBehalfOf header and the uid of the query name two people.")
	default:
		if uid == "" {
			uid = query
		}
		if uid == "" {
			field := "onBehalfOf"
			if want == actorQuery {
				field = "uid"
			}
			return chat.BadRequest(field, "The "+field+" field is required.")
		}
	}
	if uid == "" {
		return nil
	}
	r.actor = chat.NormalizeUID(uid)
	if want == actorOptional && r.actor == systemUID {
		return nil
	}
	return a.mustKnow(ctx, r.app, r.actor)
}

// systemUID is who does what nobody is named for. It is nobody's user (A12).
const systemUID = "app_system"

// mustKnow refuses user ids that are nobody's.
func (a *api) mustKnow(ctx context.Context, app, uid string) error {
	known, err := a.People.KnowsUser(ctx, app, uid)
	if err == nil && !known {
		err = errNoUser(uid)
	}
	return err
}

// regionOf returns the region of an app, or access.ErrNoApp if it takes no calls.
func (a *api) regionOf(ctx context.Context, app string) (string, error) {
	if a.RegionOf == nil {
		return a.Region, nil
	}
	return a.RegionOf(ctx, app)
}

// authenticate finds out whose key a caller has. Without a key that counts the
// app is empty.
func (a *api) authenticate(r *http.Request) (access.Key, error) {
	value := strings.TrimSpace(r.Header.Get("apikey"))
	if value == "" {
		return access.Key{}, refusal(codeNoKey, "The apiKey header is missing. Please send a valid apiKey.")
	}
	key, err := a.Keys.Verify(r.Context(), value)
	if err == nil {
		if _, err = a.regionOf(r.Context(), key.App); errors.Is(err, access.ErrNoApp) {
			err = access.ErrNoKey
		}
	}
	if errors.Is(err, access.ErrNoKey) {
		return access.Key{}, refusal(codeUnknownKey, "The apiKey %s does not exist. Please use a valid apiKey.", access.MaskKey(value))
	}
	if err != nil {
		return access.Key{}, err
	}
	host, _, _ := strings.Cut(r.Host, ".")
	for _, id := range []string{strings.TrimSpace(r.Header.Get("appid")), host} {
		if app, ok := a.App(r.Context(), id); ok && app != key.App {
			return access.Key{}, refusal(codeWrongApp, "The apiKey is not one of the app %s.", id)
		}
	}
	return key, nil
}
