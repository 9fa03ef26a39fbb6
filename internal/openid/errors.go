package openid

import "errors"

// Errors of signing in. Their texts hold nothing that is secret.
var (
	// ErrUnavailable means that the issuer cannot be asked, or does not say
	// what an issuer says.
	ErrUnavailable = errors.New("the issuer cannot be asked")
	// ErrAttempt means that what came back belongs to no attempt of this
	// browser, or to one that is too old.
	ErrAttempt = errors.New("it belongs to no attempt of this browser")
	// ErrDenied means that the issuer, or the person, said no.
	ErrDenied = errors.New("the issuer said no")
	// ErrRefused means that the issuer does not take the code, or the client's
	// id and secret.
	ErrRefused = errors.New("the issuer does not take the code")
	// ErrToken means that what the issuer said of the person does not hold:
	// signature, issuer, audience, times or nonce.
	ErrToken = errors.New("the token of the issuer does not hold")
)
