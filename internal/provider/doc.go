// Package provider is Postrider's own custom provider, the half that turns a
// webhook into a mail. It says how; who and when is the caller's business.
//
// The steps, each in the file of its name: accept.go takes a notification and
// puts it into the outbox; deliver.go, called by the outbox's worker, finds
// the address (package address), renders the mail (package render) and hands
// it to a gateway (packages below gateway).
package provider
