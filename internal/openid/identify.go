package openid

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"

	"golang.org/x/oauth2"
)

// maxSubject is how long the name of somebody may be at an issuer, in bytes
// (OpenID Connect Core 1.0, section 2).
const maxSubject = 255

// claims are what an issuer says of somebody.
type claims map[string]any

// identify reads who a token is about, after everything that makes it hold:
// OpenID Connect Core 1.0, section 3.1.3.7.
func (i *Issuer) identify(ctx context.Context, known *knowledge, token *oauth2.Token, nonce string) (Identity, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok || raw == "" {
		return Identity{}, fmt.Errorf("%w: there is none", ErrToken)
	}
	ctx = i.calling(ctx)
	id, err := known.verifier.Verify(ctx, raw)
	var unreached *url.Error
	switch {
	case errors.As(err, &unreached):
		return Identity{}, fmt.Errorf("%w: ask for its keys: %w", ErrUnavailable, err)
	case err != nil:
		return Identity{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	said := make(claims)
	if err := id.Claims(&said); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	switch {
	case id.Subject == "" || len(id.Subject) > maxSubject:
		return Identity{}, fmt.Errorf("%w: it names nobody", ErrToken)
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return Identity{}, fmt.Errorf("%w: the nonce is another one", ErrToken)
	case len(id.Audience) > 1 && said["azp"] != i.ClientID:
		return Identity{}, fmt.Errorf("%w: it was made for another client", ErrToken)
	}
	if said["email"] == nil || i.GroupsClaim != "" && said[i.GroupsClaim] == nil {
		if err := i.complete(ctx, known, token, id.Subject, said); err != nil {
			return Identity{}, err
		}
	}
	return Identity{Issuer: i.Issuer, Subject: id.Subject, Email: said.email(), Groups: said.list(i.GroupsClaim)}, nil
}

// complete adds what the issuer says elsewhere: some keep their tokens short.
func (i *Issuer) complete(ctx context.Context, known *knowledge, token *oauth2.Token, subject string, said claims) error {
	if known.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := known.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		// Its text may hold what the issuer said of somebody.
		return fmt.Errorf("%w: it does not say more of somebody", ErrUnavailable)
	}
	more := make(claims)
	if err := info.Claims(&more); err != nil {
		return fmt.Errorf("%w: it does not say more of somebody", ErrUnavailable)
	}
	if info.Subject != subject {
		return fmt.Errorf("%w: more is said of somebody else", ErrToken)
	}
	if _, there := said["email"]; !there {
		// An address and whether it was verified belong together.
		said["email"], said["email_verified"] = more["email"], more["email_verified"]
	}
	if _, there := said[i.GroupsClaim]; !there {
		said[i.GroupsClaim] = more[i.GroupsClaim]
	}
	return nil
}

// email returns the address if it was verified. Some issuers write that as a
// text.
func (c claims) email() string {
	address, _ := c["email"].(string)
	if verified := c["email_verified"]; verified != true && verified != "true" {
		return ""
	}
	return address
}

// list returns a claim that is a list of texts, or one text.
func (c claims) list(name string) []string {
	switch value := c[name].(type) {
	case string:
		return []string{value}
	case []any:
		var texts []string
		for _, one := range value {
			if text, ok := one.(string); ok {
				texts = append(texts, text)
			}
		}
		return texts
	}
	return nil
}
