// Package outbox is the durable queue to which both halves of Postrider hand
// what is to be delivered: put, claim, settle, retry. It owns the worker loop.
//
// A delivery is the queue's entry and the log's: it is kept after it was
// settled, with every attempt. The promise: what Put has returned for is on
// disk and will be delivered or accounted for.
//
// It knows neither mail nor chat: payloads are bytes, what to do with them is
// a [Handler]'s business, and it imports none of our other packages.
package outbox
