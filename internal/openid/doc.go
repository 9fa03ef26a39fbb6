// Package openid asks an issuer of OpenID Connect who somebody is: where a
// browser is sent, and what is made of what it brings back. What belongs to one
// attempt travels sealed in a cookie of that browser.
//
// It knows no accounts, no roles and no pages: whom an identity lets in is
// decided in package access.
package openid
