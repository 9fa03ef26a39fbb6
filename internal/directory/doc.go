// Package directory is who there is: users, groups, their members, who has
// blocked whom, and how far people have read. It decides what may be changed by
// whom, for the REST API.
//
// What happened in the chat is recorded by the engine. A change made here that
// the chat could have reported goes the same way, as the event of that meaning
// (F112), so that both have one effect; only what no event can express is
// written by this package's own [Store].
//
// It knows no HTTP and no SQL, and opens no windows.
package directory
