// Package notification is the wire between a chat's notification engine and a
// custom email provider: the webhook payload, its validation, HTTP Basic
// authentication, signatures and an [http.Handler] that answers the way callers
// rely on.
//
// With it any Go program is a custom provider: give [Handler] an Accept
// function that keeps the notification, and it does the rest (method, content
// type, size, credentials, decoding, answers).
//
// It is the one public package of Postrider. It keeps nothing, sends nothing
// and imports none of the other packages.
package notification
