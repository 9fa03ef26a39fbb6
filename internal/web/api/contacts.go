package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/provider/address"
)

// contactView is how to reach somebody. What is not known is absent.
type contactView struct {
	Email string `json:"email,omitempty"`
	Phone string `json:"phno,omitempty" doc:"With the country's code: +4915100000000."`
}

// contactBody may hold null, which forgets a field.
type contactBody struct {
	Email *string `json:"email,omitempty" nullable:"true"`
	Phone *string `json:"phno,omitempty" nullable:"true" doc:"With the country's code: +4915100000000."`
}

// contacts are the operations on addresses (F014).
func (a *api) contacts() []operation {
	const path, tag = "/notifications/v1/contact-details", "Contact details"
	return []operation{
		{
			id: "getContactDetails", method: http.MethodGet, path: path, tag: tag, actor: actorHeader,
			summary: "How somebody is reached", data: contactView{},
			do: func(ctx context.Context, r *request) (any, error) {
				contact, err := a.Personal.Contact(ctx, r.app, r.actor)
				if errors.Is(err, address.ErrUnknown) {
					return contactView{}, nil
				}
				return contactView{contact.Email, contact.Phone}, err
			},
		},
		{
			id: "updateContactDetails", method: http.MethodPatch, path: path, tag: tag, actor: actorHeader,
			summary: "Set how somebody is reached", about: "What is absent stays, and null is forgotten. Addresses are not verified here.",
			body: contactBody{}, data: contactView{}, do: a.updateContact,
		},
		{
			id: "deleteContactDetails", method: http.MethodDelete, path: path, tag: tag, actor: actorHeader,
			summary: "Forget how somebody is reached", data: success{},
			do: func(ctx context.Context, r *request) (any, error) {
				nothing := ""
				_, err := a.Personal.ChangeContact(ctx, r.app, r.actor, &nothing, &nothing)
				return success{true}, err
			},
		},
	}
}

func (a *api) updateContact(ctx context.Context, r *request) (any, error) {
	f := r.fields()
	email := f.contact("email", func(text string) bool {
		_, err := address.Parse(text)
		return err == nil
	})
	phone := f.contact("phno", address.IsPhone)
	if err := f.err(); err != nil {
		return nil, err
	}
	if email == nil && phone == nil {
		contact, err := a.Personal.Contact(ctx, r.app, r.actor)
		if errors.Is(err, address.ErrUnknown) {
			err = nil
		}
		return contactView{contact.Email, contact.Phone}, err
	}
	contact, err := a.Personal.ChangeContact(ctx, r.app, r.actor, email, phone)
	return contactView{contact.Email, contact.Phone}, err
}

// contact reads a field that is valid, or null; nil if it is absent (S40).
func (f *fields) contact(name string, valid func(string) bool) *string {
	if f.isNull(name) {
		return new(string)
	}
	value, ok := f.text(name, 0)
	if !ok {
		return nil
	}
	if value = strings.TrimSpace(value); !valid(value) {
		what := "email address"
		if name == "phno" {
			what = "phone number with the country's code, such as +4915100000000"
		}
		f.fail(name, "The %s must be a valid %s.", what)
		return nil
	}
	return &value
}
