// Package engine is who and when: it takes what happens in a chat, keeps track
// of what each person has not read, waits, applies everybody's preferences,
// and hands one notification per recipient to the enabled providers.
//
// Its steps, in their order:
//
//  1. accept.go: an event is decoded (package event) and stored; windows are
//     opened for those who may have missed a message.
//  2. due.go: a window that is due is decided by the list in package rule.
//  3. digest.go: what was missed becomes a payload (package digest).
//  4. call.go: the payload goes to a provider (packages webhook, sendgrid).
//
// It renders no mail and knows no SQL: its store is behind an interface.
package engine
